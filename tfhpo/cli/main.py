"""The program `tfhpo`: its commands, and how errors are shown.

Nothing here, nor any module it imports, loads TensorFlow: `tfhpo --help` must answer at once.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tfhpo._version import __version__
from tfhpo.cli.demo import demo
from tfhpo.cli.doctor import doctor
from tfhpo.cli.export import export
from tfhpo.cli.launch import SETTINGS, launch
from tfhpo.cli.resume import resume
from tfhpo.cli.schedules import schedules
from tfhpo.cli.screen import show_error
from tfhpo.cli.show import show
from tfhpo.cli.tune import tune
from tfhpo.errors import TfhpoError

#: Exit status of a command that was refused or failed for a reason that tfhpo knows.
REFUSED = 2


class _Commands(TyperGroup):
    """Shows the message of an error that tfhpo raises on purpose; any other keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except TfhpoError as error:
            show_error(error)
            raise typer.Exit(REFUSED) from error


app = typer.Typer(
    name="tfhpo",
    cls=_Commands,
    help="Hyperparameter tuning for Keras, native to KerasTuner and TensorBoard.",
    no_args_is_help=True,
    add_completion=False,
    # A rich traceback shows the values of local variables: whole arrays, and perhaps secrets.
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _program(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"tfhpo {__version__}")
        raise typer.Exit


for _command in (demo, tune, resume, show, export, schedules, doctor):
    app.command()(_command)
app.command(context_settings=SETTINGS)(launch)


def main() -> None:
    """Runs the program."""
    app()
