"""tunetrace says where a folk tune comes from.

    import tunetrace

    with tunetrace.open_index() as index:
        index.figure("G, C C 2").tunes
        tunetrace.check(open("tune.abc").read(), index).tunes[0].longest_span

The public names are listed in `__init__.pyi`, with the module that defines each. A name is loaded
when it is first used, so that `import tunetrace` itself costs almost nothing.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
