"""`tunetrace certificate`: whether the certificate of sampled tunes is true."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from tunetrace.commands.completion import complete_files
from tunetrace.commands.options import PrintAs, index_option, json_option, show
from tunetrace.text import counted, plain

if TYPE_CHECKING:
    from tunetrace import CertificateCheck


@click.command()
@click.argument("certificate_file", metavar="CERTIFICATE", shell_complete=complete_files)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", shell_complete=complete_files)
@index_option
@json_option
def certificate(
    certificate_file: str, files: tuple[str, ...], index_path: str | None, print_as: PrintAs
) -> None:
    """Check that the certificate of sampled tunes is true.

    CERTIFICATE is the file that 'tunetrace sample --certificate' wrote, and FILES have the tunes
    that it printed; - is standard input. Each tune is measured again against the index,
    which must have the same corpora. The model is not needed. Every difference is printed, and if
    there is one, the exit code is 1.

    \b
        tunetrace certificate new.json new.txt
    """
    from tunetrace import verify_certificate

    found = verify_certificate(certificate_file, files, index_path)
    show(found, partial(_print_differences, certificate_file), print_as)
    if found.differences:
        sys.exit(1)


def _print_differences(name: str, found: CertificateCheck) -> None:
    for difference in found.differences:
        click.echo(plain(difference))
    tunes = counted(found.tunes, "tune was", "tunes were")
    said = counted(len(found.differences), "difference") if found.differences else "no difference"
    click.echo(f"{plain(name)}: {tunes} measured again, {said} found")
