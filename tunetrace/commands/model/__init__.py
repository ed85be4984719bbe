"""`tunetrace model`: models that write tunes."""

from tunetrace.commands.lazy import LazyGroup

model = LazyGroup(
    "model",
    help="List, fetch, train and evaluate models, and look inside them.",
    commands={
        "list": "tunetrace.commands.model.list.list_models",
        "show": "tunetrace.commands.model.show.show_model",
        "fetch": "tunetrace.commands.model.fetch.fetch_models",
        "import": "tunetrace.commands.model.import_.import_pickle",
        "train": "tunetrace.commands.model.train.train",
        "evaluate": "tunetrace.commands.model.evaluate.evaluate",
        "intervene": "tunetrace.commands.model.intervene.intervene_units",
        "direction": "tunetrace.commands.model.direction.direction",
        "inspect": "tunetrace.commands.model.inspect.inspect",
        "plot": "tunetrace.commands.model.plot.plot",
        "trace": "tunetrace.commands.model.trace.trace",
        "tunes": "tunetrace.commands.model.tunes.tunes",
        "extract": "tunetrace.commands.model.extract.extract",
        "weights": "tunetrace.commands.model.weights.weights",
    },
)
