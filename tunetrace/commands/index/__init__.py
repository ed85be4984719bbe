"""`tunetrace index`: building an index, changing it, and what is in it."""

from tunetrace.commands.lazy import LazyGroup

index = LazyGroup(
    "index",
    help="Build an index, change it, and see what is in it.",
    commands={
        "build": "tunetrace.commands.index.build.build",
        "info": "tunetrace.commands.index.info.info",
        "add": "tunetrace.commands.index.add.add",
        "remove": "tunetrace.commands.index.remove.remove",
        "compact": "tunetrace.commands.index.compact.compact",
        "verify": "tunetrace.commands.index.verify.verify",
        "migrate": "tunetrace.commands.index.migrate.migrate",
        "copy": "tunetrace.commands.index.copy.copy",
        "rejects": "tunetrace.commands.index.rejects.rejects",
    },
)
