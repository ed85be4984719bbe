"""`tunetrace model inspect`: the post's statements on a tune, on many, or with its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import click
from rich.text import Text

from tunetrace.commands.completion import complete_files
from tunetrace.commands.console import console, facts_table, make_table, print_set_aside
from tunetrace.commands.options import PrintAs, index_option, json_option, show
from tunetrace.commands.progress import progress_display
from tunetrace.errors import QueryError
from tunetrace.model.hooks import PLACES
from tunetrace.text import counted, plain

if TYPE_CHECKING:
    from tunetrace import GroupMass, Inspection, PostInspection, TunesInspection, UnitTest

_UNITS: Final = 12
"""Units of a list that are printed."""
_ROWS: Final = 8
"""Rows of a list that are printed."""
_MISSED: Final = 6
"""Missed bar lines that are printed."""
_MOST: Final = 6
"""Units that are printed with the number of tunes."""
_STRONGEST: Final = 3
"""Units that are printed for each token that they were tested against."""
_CLEAR: Final = 0.3
"""From this mean correlation on, in magnitude, a unit is counted apart. With many tunes, nearly
every unit goes with nearly every token a little."""


@click.command()
@click.argument("file", required=False, shell_complete=complete_files)
@click.option("--over", metavar="CORPUS",
              help="Inspect tunes of this corpus of the index; 'sample': tunes that the model "
              "writes.")  # fmt: skip
@click.option("--post", is_flag=True,
              help="Inspect the blog post's transcription, and compare with its numbers."
              )  # fmt: skip
@click.option("--tune", type=int, metavar="N",
              help="Inspect this tune of FILE, from 1 (default: all of them together)."
              )  # fmt: skip
@click.option("-n", "n", type=int, help="Number of tunes for --over.  [default: 200]")
@click.option("--meter", metavar="METER", help="Only tunes of this meter, as 6/8, for --over.")
@click.option("--key", metavar="KEY", help="Only tunes of this key, as Cdor or dor, for --over.")
@click.option("--seed", type=int,
              help="Seed of the choice of tunes and of the tests.  [default: 1]")  # fmt: skip
@click.option("--layer", type=int, help="Layer, from 1 (default: the last one).")
@click.option("--part", type=click.Choice(list(PLACES)), default="hidden", show_default=True,
              help="Which values of its units.")  # fmt: skip
@click.option("--model", metavar="NAME|FILE", shell_complete=complete_files,
              help="Name or file of the model (default: the one of the trace, else the one that "
              "ships).")  # fmt: skip
@index_option
@json_option
def inspect(
    file: str | None,
    over: str | None,
    post: bool,
    index_path: str | None,
    print_as: PrintAs,
    **options: Any,
) -> None:
    """Compute what the blog post states of a network.

    How sparse its activations are, which units spike at which period and before which bar lines,
    and where the softmax puts its probability. FILE is a trace. One tune is described by itself.
    Over several tunes, the distribution of every number is given. With 50 tunes or more, units are
    tested against tokens. The page docs/inspect.md defines the numbers.

    \b
        tunetrace model inspect tune.npz
        tunetrace model inspect tune.npz --json
        tunetrace model inspect --over oneills -n 200
        tunetrace model inspect --over sample --meter 4/4 --key Cmaj
        tunetrace model inspect --post --model folkrnn-v2
    """
    _check(file, over, post, options)
    from tunetrace import inspect_over, inspect_post, inspect_trace, inspect_tunes, load_trace

    layer = {name: options[name] for name in ("layer", "part")}
    layer["index"] = index_path
    seed = 1 if options["seed"] is None else options["seed"]
    model = options["model"]
    if post:
        show(inspect_post(model, **layer), print_post, print_as)
    elif over is not None:
        n = 200 if options["n"] is None else options["n"]
        with progress_display(n) as progress:
            found = inspect_over(over, n, model, meter=options["meter"], key=options["key"],
                                 seed=seed, progress=progress, **layer)  # fmt: skip
        show(found, print_tunes, print_as)
    elif file is not None:
        traced, tune = load_trace(file), options["tune"]
        if tune is None and len(traced) > 1:
            with progress_display(len(traced)) as progress:
                found = inspect_tunes(traced, model=model, seed=seed, progress=progress, **layer)
            show(found, print_tunes, print_as)
        else:
            if options["seed"] is not None:
                raise QueryError("--seed is for the tests over several tunes; remove --seed")
            show(inspect_trace(traced, tune=tune, model=model, **layer), print_tune, print_as)


def _check(file: str | None, over: str | None, post: bool, options: dict[str, Any]) -> None:
    """QueryError unless it is clear what is inspected, and by which options."""
    given = [what for what, is_given in (("FILE", file), ("--over", over), ("--post", post))
             if is_given]  # fmt: skip
    if not given:
        raise QueryError("there is nothing to inspect; give the file of a trace, --over or --post")
    if len(given) > 1:
        raise QueryError(f"{given[0]} and {given[1]} cannot be combined; remove one of them")
    takes = {
        "FILE": {"tune", "seed"},
        "--over": {"n", "meter", "key", "seed"},
        "--post": set[str](),
    }[given[0]]
    for name in ("tune", "n", "meter", "key", "seed"):
        if options[name] is not None and name not in takes:
            option = "-n" if name == "n" else f"--{name}"
            raise QueryError(f"{given[0]} cannot be combined with {option}; remove {option}")


# One tune


def print_tune(found: Inspection) -> None:
    """Activations, units, units before bar lines, and probabilities of a tune."""
    out = console()
    title = f"{plain(found.title)}, " if found.title else ""
    out.print(
        f"{found.model}, layer {found.layer} ({found.part}): {title}{found.steps:,} steps",
        style="bold",
        soft_wrap=True,
    )
    out.print()
    rows = [
        (
            f"{'above' if one.is_above else 'below'} {one.magnitude:g}",
            f"{one.share:.1%}",
            f"{one.units:.1f}",
            one.fewest_units,
            one.most_units,
        )
        for one in (found.small, found.large)
    ]
    heads = ("magnitude of activations", ">share", ">units at a step", ">fewest", ">most")
    out.print(make_table(heads, rows))
    out.print()
    facts = facts_table()
    for label, units in (
        ("never above 0.004", found.off),
        ("above 0.9998", found.saturated),
        ("nearly flat spectrum", found.one_spike),
        ("a few spikes", found.few_spikes),
        ("regular spikes", found.regular_spikes),
        *((f"period of {one.period} steps", one.units) for one in found.periodic[:_ROWS]),
    ):
        facts.add_row(label, _units(units))
    out.print("Units", style="bold")
    out.print(facts)
    out.print()
    _print_before(found)
    _print_mass(found)


def _units(units: Sequence[int]) -> str:
    """How many units there are, and their numbers."""
    if not units:
        return "none"
    more = f" and {len(units) - _UNITS} more" if len(units) > _UNITS else ""
    return f"{counted(len(units), 'unit')}: {', '.join(map(str, units[:_UNITS]))}{more}"


def _print_before(found: Inspection) -> None:
    """The units that spike before bar lines, ranked, and the bar lines that each misses."""
    out = console()
    out.print("Units that spike before bar lines", style="bold")
    rows = []
    for line, ranked in groupby(found.before, key=lambda one: one.bar_line):
        for one in list(ranked)[: _ROWS if line == "|" else 4]:
            steps = [str(missed.step) for missed in one.missed[:_MISSED]]
            more = " …" if len(one.missed) > _MISSED else ""
            rows.append(
                (line, one.unit, f"{one.f1:.2f}", f"{one.precision:.2f}",
                 f"{len(one.missed)} of {one.bar_lines}", f"{', '.join(steps)}{more}")
            )  # fmt: skip
    if rows:
        heads = ("before", ">unit", ">F1", ">precision", ">misses", "missed at steps")
        out.print(make_table(heads, rows))
    else:
        out.print("No unit does.")
    out.print()


def _print_mass(found: Inspection) -> None:
    out = console()
    out.print("Probabilities", style="bold")
    facts = facts_table()
    distances = [f"{one.distance} ({one.count})" for one in found.bar_line_distances[:_ROWS]]
    facts.add_row("steps between bar lines", ", ".join(distances) or "none")
    for token in found.broken_rhythm:
        if token.token in ("<", ">"):
            facts.add_row(
                f"{token.token} along the tune",
                f"{token.slope:+.2f} in log10 in 100 steps (mean of the first quarter "
                f"{token.first_quarter:.1f}, of the last {token.last_quarter:.1f})",
            )
    if found.accidentals is not None:
        facts.add_row(
            "accidentals, naturals",
            f"rank correlation {found.accidentals.median:.2f} (median of "
            f"{len(found.accidentals.tokens)}); by chance below {found.accidentals.chance:.2f}",
        )
    entropy = found.entropy
    if entropy.at_parts is not None:
        parts = ", ".join(f"{one.bits:.1f} at step {one.step}" for one in entropy.parts)
        rest = "" if entropy.elsewhere is None else f"; elsewhere {entropy.elsewhere:.1f}"
        facts.add_row("bits over pitches", f"parts begin: {parts}{rest}")
    out.print(facts)
    out.print()
    _print_groups(found.groups, found.training_tunes, found.training_missing)
    if found.unwritten:
        out.print()
        rows = [
            (one.token, f"{one.largest:.3f}", one.largest_step, one.steps, f"{one.median:.2g}")
            for one in found.unwritten[:_ROWS]
        ]
        heads = ("likely but never written", ">most", ">at step", ">steps with 0.01", ">median")
        out.print(make_table(heads, rows))
        _print_more(len(found.unwritten))


def _print_more(count: int) -> None:
    if count > _ROWS:
        console().print(f"… and {counted(count - _ROWS, 'token')} more; --json lists them all")


def _print_groups(groups: Iterable[GroupMass], tunes: int | None, missing: str) -> None:
    """The probability of each group, and its share in what is written and was trained on."""
    rows = [
        (one.group, f"{one.probability:.1%}", f"{one.written:.1%}",
         "" if one.training is None else f"{one.training:.1%}")
        for one in groups
    ]  # fmt: skip
    heads = ("group of tokens", ">probability", ">written", ">in training")
    console().print(make_table(heads, rows))
    if missing:
        console().print(f"The share in the training tunes is not known: {plain(missing)}.")
    elif tunes is not None:
        console().print(f"Trained on {counted(tunes, 'tune')}.")


# Many tunes


def print_tunes(found: TunesInspection) -> None:
    """The distribution of each number, the most constant units, and the tests."""
    out = console()
    what = " ".join(one for one in (found.meter, found.key) if one)
    out.print(
        f"{found.model}, layer {found.layer} ({found.part}): {counted(found.tunes, 'tune')} of "
        f"{plain(found.source)}{f' in {what}' if what else ''}, seed {found.seed}",
        style="bold",
        soft_wrap=True,
    )
    out.print()
    rows = []
    for one in found.statements:
        interval = ""
        if one.median_low is not None and one.median_high is not None:
            interval = f"{_number(one.median_low)} to {_number(one.median_high)}"
        rows.append((one.statement, _number(one.median), _number(one.low), _number(one.high),
                     interval, one.tunes))  # fmt: skip
    heads = ("of a tune", ">median", ">10%", ">90%", ">95% of median", ">tunes")
    out.print(make_table(heads, rows))
    out.print()
    _print_groups(found.groups, found.training_tunes, found.training_missing)
    out.print()
    _print_constant_units(found)
    tokens = [(one.token, one.tunes, one.writing) for one in found.unwritten[:_ROWS]]
    out.print(make_table(("likely but never written", ">tunes", ">tunes that have it"), tokens))
    _print_more(len(found.unwritten))
    out.print()
    _print_tests(found)
    print_set_aside(found.set_aside, "--json lists them all")


def _number(value: float) -> str:
    """Three digits, without a point for whole numbers: `0.418`, `32.4`, `288`."""
    if value == round(value):
        return f"{value:.0f}"
    return (
        f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}"
    )


def _print_constant_units(found: TunesInspection) -> None:
    """The units that do the same in most tunes."""
    facts = facts_table()
    for label, name in (
        ("never above 0.004", "off"),
        ("above 0.9998", "saturated"),
        ("nearly flat spectrum", "one_spike"),
        ("a few spikes", "few_spikes"),
        ("regular spikes", "regular_spikes"),
        ("before bar lines", "before"),
    ):
        tunes = {one.unit: int(getattr(one, name)) for one in found.units}
        units = sorted((unit for unit in tunes if tunes[unit]), key=tunes.__getitem__, reverse=True)
        facts.add_row(label, ", ".join(f"{u} ({tunes[u]:,})" for u in units[:_MOST]) or "none")
    periodic = [one for one in found.units if one.period is not None]
    periodic.sort(key=lambda one: -one.with_that_period)
    shown = [f"{u.unit} ({u.period} steps in {u.with_that_period:,})" for u in periodic[:_MOST]]
    facts.add_row("with a period", ", ".join(shown) or "none")
    out = console()
    out.print("Units that do so in most tunes (in how many)", style="bold")
    out.print(facts)
    out.print()


def _print_tests(found: TunesInspection) -> None:
    out = console()
    out.print("Units that go with tokens", style="bold")
    if found.test_missing:
        out.print(f"Not tested: {found.test_missing}.")
        return
    out.print(
        f"{len(found.tests):,} of {found.tested:,} pairs of a unit and a token (q up to 0.05, "
        "circular shifts)."
    )
    rows = []
    for token, tests in groupby(found.tests, key=lambda one: one.token):
        some = list(tests)
        clear = sum(abs(one.r) >= _CLEAR for one in some)
        rows.append((token, some[0].tunes, len(some), clear, _strongest(some)))
    heads = ("token", ">tunes", ">units", f">{_CLEAR} or more", "strongest (mean correlation)")
    out.print(make_table(heads, rows))


def _strongest(tests: Sequence[UnitTest]) -> str:
    return ", ".join(f"{one.unit} ({one.r:+.2f})" for one in tests[:_STRONGEST])


# The post


def print_post(found: PostInspection) -> None:
    """The statements of the post and those of the model."""
    out = console()
    if found.is_the_posts:
        out.print(
            f"The statements of the post, and those of its model, {found.model}", style="bold"
        )
    else:
        out.print(
            f"{found.model} is not folk-rnn v2, the model of the post: its numbers may differ, and "
            "its units are others",
            style="bold",
        )
    out.print(f"Layer {found.layer} ({found.part}), on the transcription of the post.\n")
    rows: list[tuple[str | Text, str, str]] = []
    subject = ""
    for row in found.rows:
        if row.subject != subject:
            subject = row.subject
            rows.append((Text(subject, style="bold"), "", ""))
        rows.append((row.statement, row.post, row.here))
    out.print(make_table(("statement", "post", "here"), rows))
    out.print()
    out.print(
        "The post numbers its units from 0 or from 1; it does not say which. Of the units that it "
        "names, the statement is true here for:"
    )
    named = [
        (row.statement, ", ".join(map(str, row.from_one)) or "none",
         ", ".join(map(str, row.from_zero)) or "none")
        for row in found.rows
        if row.post_units
    ]  # fmt: skip
    out.print(make_table(("statement", "counted from 1", "counted from 0"), named))
    out.print('\nThe units under "here" are counted from 1.')
