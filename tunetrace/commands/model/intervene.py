"""`tunetrace model intervene`: what changes if units of a model are disturbed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from tunetrace.commands.completion import complete_files
from tunetrace.commands.console import console, make_table
from tunetrace.commands.options import PrintAs, index_option, json_option, show
from tunetrace.commands.progress import progress_display
from tunetrace.errors import QueryError
from tunetrace.model.hooks import PLACES
from tunetrace.text import counted, plain

if TYPE_CHECKING:
    from tunetrace import Effect, EffectMean, Experiment, Intervention, Model
    from tunetrace.model.inspect.interventions.patching import Patching

_OPERATIONS: Final = ("set", "scale", "shift", "clamp", "noise")
_OF_UNITS: Final = (*_OPERATIONS, "layer", "units", "period", "before", "top", "from_step",
                    "to_step", "only_before_bar_lines")  # fmt: skip


@click.command(name="intervene")
@click.option("--layer", type=int, help="The layer of the units, from 1.")
@click.option("--units", metavar="LIST", help="The units, from 1, as 60,97,156.")
@click.option("--period", type=int, metavar="STEPS", help="The units that have this period.")
@click.option("--before", metavar="TOKEN", help="The units that spike before this token.")
@click.option("--top", type=int, metavar="N",
              help="At most this many units; alone, the first ones --by variance or magnitude."
              )  # fmt: skip
@click.option("--by", metavar="RANKING|NUMBER",
              help="What --top ranks by: variance or magnitude. With --steer, how many times the "
              "direction is added.  [default: variance; 1]")  # fmt: skip
@click.option("--set", "set", type=float, metavar="X", help="Set their values to X.")
@click.option("--scale", type=float, metavar="X", help="Multiply their values by X.")
@click.option("--shift", type=float, metavar="X", help="Add X to their values.")
@click.option("--clamp", metavar="LOW,HIGH", help="Keep their values between two bounds.")
@click.option("--noise", type=float, metavar="SD",
              help="Add normal noise with this standard deviation.")  # fmt: skip
@click.option("--part", default="hidden", show_default=True,
              type=click.Choice(list(PLACES)),
              help="Which values: the hidden or the cell state, or a gate.")  # fmt: skip
@click.option("--from-step", type=int, metavar="STEP", help="The first step, from 1.")
@click.option("--to-step", type=int, metavar="STEP", help="The last step.")
@click.option("--only-before-bar-lines", is_flag=True,
              help="Only where a bar line would be the most probable next token.")  # fmt: skip
@click.option("--save", metavar="FILE", shell_complete=complete_files,
              help="Write the intervention into this .json file.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--load", metavar="FILE", shell_complete=complete_files,
              help="Read the intervention from a file.")  # fmt: skip
@click.option("--patch", metavar="TRACE", shell_complete=complete_files,
              help="Put in the states of a step of this trace instead.")  # fmt: skip
@click.option("--at", type=int, metavar="STEP", help="The step of --patch, from 1.")
@click.option("--tune", type=int, metavar="N", help="The tune of the trace.  [default: 1]")
@click.option("--steer", metavar="FILE", shell_complete=complete_files,
              help="Add this direction at every step instead.")  # fmt: skip
@click.option("-n", "n", type=int, default=200, show_default=True,
              help="Number of tunes to write under each condition.")  # fmt: skip
@click.option("--controls", type=int, default=5, show_default=True, help="Number of controls.")
@click.option("--real-tunes", type=int, default=100, show_default=True,
              help="Number of real tunes to read.")  # fmt: skip
@click.option("--seed", type=int,
              help="Seed of the random numbers (default: random).")  # fmt: skip
@click.option("--meter", metavar="METER", help="Start with this meter, as 6/8.")
@click.option("--key", metavar="KEY", help="Start with this key, as Cdor or dor.")
@click.option("--temperature", type=float, default=1.0, show_default=True,
              help="Below 1, likely tokens become likelier; above 1, less likely.")  # fmt: skip
@click.option("--max-tokens", type=int, default=1000, show_default=True,
              help="Cut off longer tunes.")  # fmt: skip
@click.option("--model", "model_name", metavar="NAME|FILE", shell_complete=complete_files,
              help="Name or file of the model (default: the one that ships).")  # fmt: skip
@index_option
@json_option
def intervene_units(
    model_name: str | None,
    index_path: str | None,
    print_as: PrintAs,
    n: int,
    controls: int,
    real_tunes: int,
    seed: int | None,
    meter: str | None,
    key: str | None,
    temperature: float,
    max_tokens: int,
    **options: Any,
) -> None:
    """Disturb units of a model and measure what changes.

    The model writes tunes with the units held, and as many without, on the same random numbers. It
    also reads real tunes. Controls are the same on random other units of like variance. Bars, ends,
    parts, range, accidentals, copying and predictions are printed side by side, with 95% intervals.

    \b
        tunetrace model intervene --layer 3 --units 101,175 --set 0
        tunetrace model intervene --layer 3 --before "|" --set 0 --meter 4/4
        tunetrace model intervene --layer 3 --period 9 --scale 0.5 --save a.json
        tunetrace model intervene --layer 3 --top 8 --by variance --noise 0.2
        tunetrace model intervene --load a.json --seed 7 --json
        tunetrace model intervene --patch tune.npz --at 40
        tunetrace model intervene --steer jigs.json --by 1.5
    """
    from tunetrace import intervene, load_intervention, open_model, save_intervention, steer

    _check_together(options)
    writing: dict[str, Any] = {
        "meter": meter, "key": key, "temperature": temperature, "max_tokens": max_tokens,
    }  # fmt: skip
    if options["save"] is not None:
        from tunetrace.documents import check_document_place
        from tunetrace.model.inspect.interventions.intervention import INTERVENTION_FILE

        check_document_place(options["save"], INTERVENTION_FILE, force=options["force"])
    made: Any
    if options["patch"] is not None:
        made = _patch(options)
    elif options["steer"] is not None:
        by = _times(options["by"])
        made = steer(options["steer"], by)
    elif options["load"] is not None:
        made = load_intervention(options["load"])
    else:
        made = None
        _units_given(options)
        _operation(options)
    model = open_model(model_name)
    with progress_display() as progress:
        if made is None:
            progress("choosing units", 0)
            made = _intervention(options, model, writing, seed)
        if options["save"] is not None:
            made.on(model)
            save_intervention(made, options["save"], force=options["force"])
        found = intervene(made, model, n, index=index_path, seed=seed, controls=controls,
                          real_tunes=real_tunes, progress=progress, **writing)  # fmt: skip
    show(found, print_experiment, print_as)


def _check_together(options: dict[str, Any]) -> None:
    """QueryError for options that exclude one another, or that lack another."""
    ways = [name for name in ("load", "patch", "steer") if options[name] is not None]
    if len(ways) > 1:
        raise QueryError(f"--{ways[0]} and --{ways[1]} cannot be combined; remove one of them")
    if ways:
        clashing = [*_OF_UNITS, "save"]
        if ways[0] != "steer":
            clashing.append("by")
        for name in clashing:
            if options[name] is not None and options[name] is not False:
                flag = name.replace("_", "-")
                raise QueryError(f"--{flag} cannot be combined with --{ways[0]}; remove --{flag}")
    if options["patch"] is None:
        for name in ("at", "tune"):
            if options[name] is not None:
                raise QueryError(f"--{name} belongs to --patch; give --patch with a trace too")
    elif options["at"] is None:
        raise QueryError("--patch needs a step; give it with --at, as --at 40")


def _times(by: str | None) -> float:
    """How many times a direction is added."""
    try:
        return 1.0 if by is None else float(by)
    except ValueError:
        raise QueryError(f"--by cannot be '{plain(by or '')}' with --steer; give a number such as "
                         "1.5") from None  # fmt: skip


def _patch(options: dict[str, Any]) -> Patching:
    from tunetrace import load_trace, patch

    return patch(load_trace(options["patch"]), options["at"], tune=options["tune"] or 1)


def _units_given(options: dict[str, Any]) -> list[int]:
    """The units of --units; empty if a rule chooses them. QueryError for neither and for both."""
    if options["layer"] is None:
        raise QueryError(
            "the layer of the units is missing; give it with --layer, as --layer 3 (or give "
            "--load, --patch or --steer)"
        )
    rules = [name for name in ("period", "before", "top") if options[name] is not None]
    if options["by"] is not None and rules != ["top"]:
        raise QueryError("--by says what --top alone ranks by; add --top 8 as the only rule, or "
                         "remove --by")  # fmt: skip
    if options["units"] is None:
        if not rules:
            raise QueryError(
                "no unit is chosen; give --units 60,97 or a rule: --period, --before or --top"
            )
        return []
    if rules:
        raise QueryError(f"--units and --{rules[0]} cannot be combined; remove one of them")
    words = [word.strip() for word in options["units"].split(",")]
    if not all(word.isdecimal() and len(word) < 10 for word in words):
        raise QueryError(
            f"--units cannot be '{plain(options['units'])[:40]}'; give whole numbers from 1 with "
            "commas between them, as 60,97"
        )
    return list(map(int, words))


def _operation(options: dict[str, Any]) -> tuple[Any, tuple[float, ...]]:
    """What is done to the units, and with which values."""
    given = [name for name in _OPERATIONS if options[name] is not None]
    if len(given) > 1:
        raise QueryError(f"--{given[0]} and --{given[1]} cannot be combined; remove one of them")
    if not given:
        raise QueryError(
            "it is not said what to do with the units; give --set, --scale, --shift, --clamp or "
            "--noise"
        )
    (name,) = given
    if name != "clamp":
        return name, (options[name],)
    try:
        low, high = map(float, options["clamp"].split(","))
    except ValueError:
        raise QueryError(
            f"--clamp cannot be '{plain(options['clamp'])[:40]}'; give a lower and an upper bound, "
            "as -0.5,0.5"
        ) from None
    return name, (low, high)


def _intervention(
    options: dict[str, Any], model: Model, writing: dict[str, Any], seed: int | None
) -> Intervention:
    """The intervention on units that the options describe."""
    from tunetrace import Intervention, choose_units
    from tunetrace.model.inspect.measures.groups import BAR_LINES, grouped

    units: Sequence[int] = _units_given(options)
    operation, values = _operation(options)
    if not units:
        units = choose_units(
            options["layer"], model, part=options["part"], period=options["period"],
            before=options["before"], top=options["top"], by=options["by"] or "variance",
            seed=1 if seed == 0 else 0,  # other tunes than those of the experiment
            **writing,
        )  # fmt: skip
    lines: tuple[str, ...] = ()
    if options["only_before_bar_lines"]:
        names = model.tokens.names
        lines = tuple(names[number] for number in grouped(names).get(BAR_LINES, []))
    return Intervention(
        layer=options["layer"],
        units=tuple(units),
        operation=operation,
        values=values,
        part=options["part"],
        first_step=1 if options["from_step"] is None else options["from_step"],
        last_step=options["to_step"],
        only_before=lines,
        seed=seed or 0,
    )


def print_experiment(found: Experiment) -> None:
    """A row for each measure, what was not measured, and the verdict."""
    out = console()
    out.print(f"{found.model}, {found.described}", style="bold")
    out.print(f"{counted(found.n, 'tune')} written under each condition, seed {found.seed}")
    if found.real_tunes:
        out.print(f"{found.real_tunes:,} {found.real_tunes_from} read")
    out.print(_controls(found))
    out.print()
    heads = ("", ">without", ">with", ">change [95%]", ">of controls [95%]")
    shown = [effect for effect in found.effects if _is_shown(effect)]
    out.print(make_table(heads, [_row(effect) for effect in shown]))
    hidden = len(found.effects) - len(shown)
    if hidden:
        out.print(f"{counted(hidden, 'meter or key', 'meters and keys')} of few tunes: see --json")
    out.print()
    if found.classes:
        (a, at_a), (b, at_b) = found.classes
        out.print(f"Projection: tunes of {a} lie at {at_a:.2f}, those of {b} at {at_b:.2f}.")
    for reason in found.left_out:
        out.print(f"Not measured: {plain(reason)}.")
    out.print(f"{_verdict(found)}.")


def _controls(found: Experiment) -> str:
    controls = counted(found.controls, "control")
    if not found.control_units:
        return controls
    units = counted(len(found.control_units[0].units), "random unit")
    variances = [one.variance for one in found.control_units]
    mean = sum(variances) / len(variances)
    return f"{controls} of {units}, variance {mean:.3f} (of the chosen: {found.variance:.3f})"


_FEW: Final = 0.05


def _is_shown(effect: Effect) -> bool:
    """A meter or key is shown if some condition has it in a twentieth of its tunes."""
    means = [effect.baseline.mean, effect.intervention.mean, *effect.controls]
    return effect.name[:2] not in ("M:", "K:") or max(mean or 0 for mean in means) >= _FEW


def _row(effect: Effect) -> tuple[str, ...]:
    """The cells of a measure: shares in percent, and their differences in points."""
    scale = 100 if effect.unit in ("share", "bits") else 1
    percent = "%" if effect.unit == "share" else ""

    def value(mean: float | None) -> str:
        return "-" if mean is None else f"{scale * mean:.{2 if scale == 1 else 1}f}{percent}"

    def difference(found: EffectMean | None) -> str:
        return "" if found is None else _difference(found, scale)

    return (
        _LABELS.get(effect.name, plain(effect.label)),
        value(effect.baseline.mean),
        value(effect.intervention.mean),
        difference(effect.change),
        difference(effect.control_change),
    )


_LABELS: Final = {"bits_per_token": "bits/100 tokens"}


def _difference(found: EffectMean, scale: float) -> str:
    """A difference and its interval, if it has one."""
    numbers = [scale * one for one in (found.mean, found.low, found.high) if one is not None]
    if not numbers:
        return "-"
    largest = max(map(abs, numbers))
    decimals = 0 if largest >= 100 else 1 if largest >= 10 else 2
    mean, *bounds = (_signed(number, decimals) for number in numbers)
    return f"{mean} [{', '.join(bounds)}]" if bounds else mean


def _signed(number: float, decimals: int) -> str:
    shown = f"{number:+.{decimals}f}".replace("-", "−")
    return shown[1:] if not shown.strip("+−0.") else shown


def _verdict(found: Experiment) -> str:
    """Whether bar lines change more than under the controls, with the numbers."""
    if found.changes_bar_lines is None:
        return "Without controls it is not known whether any other change would do the same"
    does = "changes" if found.changes_bar_lines else "does not change"
    numbers = []
    for name, what in (
        ("bars_adding_up", "bars that add up"),
        ("bar_line_written", "the probability of bar lines where real tunes have them"),
    ):
        effect = next((one for one in found.effects if one.name == name), None)
        if effect is not None and effect.beyond is not None and effect.beyond.mean is not None:
            numbers.append(f"{what} {_difference(effect.beyond, 100)}")
    return (
        f"The intervention {does} bar lines more than the controls do (intervention less "
        f"controls, in points: {'; '.join(numbers)})"
    )
