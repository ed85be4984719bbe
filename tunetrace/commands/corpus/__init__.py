"""`tunetrace corpus`: the named corpora, and what the corpora of an index hold."""

from tunetrace.commands.lazy import LazyGroup

corpus = LazyGroup(
    "corpus",
    help="List, fetch and describe corpora.",
    commands={
        "list": "tunetrace.commands.corpus.list.list_corpora",
        "show": "tunetrace.commands.corpus.show.show_corpus",
        "fetch": "tunetrace.commands.corpus.fetch.fetch_corpora",
        "stats": "tunetrace.commands.corpus.stats.stats",
    },
)
