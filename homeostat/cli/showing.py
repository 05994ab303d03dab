"""How commands show what they found: drawn and coloured on a terminal, plain and one line a row where another program reads on."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING

import click
import rich.box
import rich.cells
import rich.console
import rich.padding
import rich.panel
import rich.table
import rich.text

from homeostat.clock import rfc3339
from homeostat.explanation.parts import span
from homeostat.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from homeostat.cli.plot import Fan

_PIPED_COLUMNS = 100
_MINUTE_SECONDS = 60
# A name that is longer folds; what is free text takes what is left, and at least so much.
_MOST_NAME, _LEAST_TEXT = 40, 24
_GAP = 2
# A word that stands alone in a cell is coloured by what it says of the state.
_STYLES: dict[str, str] = {
    **dict.fromkeys(("succeeded", "passed", "ok", "answers", "yes", "healthy"), "green"),
    **dict.fromkeys(("warned", "refused", "denied", "vetoed", "expired", "shadowed", "unverified", "interrupted", "warning", "muted", "SILENCE", "BREAKER"), "yellow"),
    **dict.fromkeys(("failed", "stranded", "rolled_back", "rollback_conflict", "critical", "STOP", "no"), "bold red"),
    **dict.fromkeys(("accepted", "deferred", "proposed", "announced"), "magenta"),
    "running": "bold cyan",
    **dict.fromkeys(("alerted", "cleared", "skipped", "info"), "dim"),
}


@dataclasses.dataclass(frozen=True)
class When:
    """A moment (Unix seconds; None is unknown): on a terminal as it lies from now, elsewhere as it is."""

    at: float | None
    now: float

    def __str__(self) -> str:
        """Write it as it is."""
        return "unknown" if self.at is None else rfc3339(self.at)

    @property
    def shown(self) -> str:
        """Write it as standard output has it."""
        return self.relative if rich.console.Console().is_terminal else str(self)

    @property
    def relative(self) -> str:
        """Write it as it lies from now."""
        if self.at is None:
            return "unknown"
        ahead = self.at - self.now
        away = abs(ahead)
        # Who looks wants to know about when.
        said = span(away if away < _MINUTE_SECONDS else round(away / _MINUTE_SECONDS) * _MINUTE_SECONDS)
        return "now" if away < 1 else f"in {said}" if ahead > 0 else f"{said} ago"


def table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table: drawn on a terminal, and where it is too narrow one row below the other; plain columns when piped.

    A column whose name begins with `>` holds numbers, and is aligned to the right. The last one is free text where its name
    begins with `~`: it stands below its row where there is no room beside it.
    """
    console = rich.console.Console()
    columns = tuple(columns)
    names = [name.lstrip(">~") for name in columns]
    cells = [[_text(cell, console) for cell in row] for row in rows]
    if not console.is_terminal:
        _plain(names, cells)
    elif _needed(names, cells) <= console.width:
        console.print(_drawn(console, columns, cells))
    elif columns[-1].startswith("~") and sum(_widths(names, cells)[:-1]) + _GAP * (len(names) - 2) <= console.width:
        _with_text_below(console, columns, cells)
    else:
        _cards(console, names, cells)


def _drawn(console: rich.console.Console, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> rich.table.Table:
    """Return the table; all but the last column keep their width, and what is longer than a name should be folds."""
    drawn = rich.table.Table(box=rich.box.SIMPLE_HEAD, padding=(0, _GAP - 1, 0, 0), pad_edge=False, header_style="bold")
    names = [name.lstrip(">~") for name in columns]
    widths = _widths(names, cells)
    fits = sum(widths) + _GAP * len(widths) <= console.width
    for place, (name, said) in enumerate(zip(names, columns, strict=True)):
        width = None if fits or place == len(names) - 1 else min(widths[place], _MOST_NAME)
        drawn.add_column(name, justify="right" if said.startswith(">") else "left", overflow="fold", width=width)
    for row in cells:
        drawn.add_row(*(rich.text.Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    return drawn


def _with_text_below(console: rich.console.Console, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """Print the table without its last column, each of whose cells stands below its row."""
    names = [name.lstrip(">~") for name in columns[:-1]]
    widths = _widths(names, [row[:-1] for row in cells])
    heading = rich.text.Text(_in_columns(columns, names, widths).plain, style="bold")
    console.print("", heading, rich.text.Text("─" * (sum(widths) + _GAP * (len(widths) - 1)), style="dim"), sep="\n", no_wrap=True)
    for row in cells:
        console.print(_in_columns(columns, row[:-1], widths), no_wrap=True)
        console.print(rich.padding.Padding(rich.text.Text(row[-1], style="dim", overflow="fold"), (0, 0, 0, _GAP * 2), expand=False))
    console.print()


def _in_columns(columns: Sequence[str], row: Sequence[str], widths: Sequence[int]) -> rich.text.Text:
    line = rich.text.Text()
    for name, cell, width in zip(columns, row, widths, strict=False):
        space = " " * (width - rich.cells.cell_len(cell))
        padded = f"{space}{cell}" if name.startswith(">") else f"{cell}{space}"
        line.append(f"{padded}{' ' * _GAP}", style=_STYLES.get(cell, ""))
    line.rstrip()
    return line


def _text(cell: object, console: rich.console.Console) -> str:
    return printable(cell.relative if isinstance(cell, When) and console.is_terminal else str(cell))


def _needed(names: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """Return how many columns of a terminal the table needs at least to be read in comfort."""
    widths = _widths(names, cells)
    return sum(min(width, _MOST_NAME) for width in widths[:-1]) + min(widths[-1], _LEAST_TEXT) + _GAP * len(widths)


def _widths(names: Sequence[str], cells: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(rich.cells.cell_len, column)) for column in zip(names, *cells, strict=True)]


def _plain(names: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """Print every row in one line, however long it is: what reads it counts lines."""
    widths = _widths(names, cells)
    for row in (names, *cells):
        click.echo((" " * _GAP).join(rich.cells.set_cell_size(cell, max(width, rich.cells.cell_len(cell))) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cards(console: rich.console.Console, names: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    for row in cells:
        card = rich.table.Table.grid(padding=(0, _GAP))
        card.add_column(style="dim", no_wrap=True)
        card.add_column(overflow="fold")
        for name, cell in zip(names, row, strict=True):
            if cell:
                card.add_row(name, rich.text.Text(cell, style=_STYLES.get(cell, "")))
        console.print(card)
        console.print()


def lines(texts: Iterable[str], style: str = "") -> None:
    """Print lines of words, each in a style on a terminal."""
    console = rich.console.Console()
    for text in texts:
        if console.is_terminal:
            # What is indented stays so where it is folded.
            words = printable(text).lstrip(" ")
            console.print(rich.padding.Padding(rich.text.Text(words, style=style, overflow="fold"), (0, 0, 0, len(text) - len(text.lstrip(" "))), expand=False))
        else:
            click.echo(printable(text))


def panel(title: str, texts: Iterable[str], style: str = "") -> None:
    """Print what belongs together in a frame on a terminal, else below its title."""
    console = rich.console.Console()
    if console.is_terminal:
        # Within the frame even the heading folds; in its edge it would be cut off.
        body = rich.text.Text(printable(title), style="bold", overflow="fold")
        body.append("".join(f"\n{printable(text)}" for text in texts), style="not bold")
        console.print(rich.panel.Panel(body, border_style=style))
        return
    click.echo(printable(title))
    for text in texts:
        click.echo(printable(f"  {text}"))


def picture(fan: Fan, amount: Callable[[float], str], title: str) -> None:
    """Draw what was and what is expected as wide as the terminal is; what is piped is drawn the same, without colours."""
    from homeostat.cli.plot import draw  # noqa: PLC0415 - few commands draw

    console = rich.console.Console()
    drawn = draw(fan, min(console.width, 160) if console.is_terminal else _PIPED_COLUMNS, amount)
    if not drawn:
        return
    click.echo()
    lines([title], "bold")
    for line in drawn:
        if console.is_terminal:
            console.print(line, no_wrap=True, crop=True)
        else:
            click.echo(line.plain)


@contextlib.contextmanager
def waiting(words: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal's standard error that something takes its time; yields how to say what it is at now."""
    console = rich.console.Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        yield lambda _: None
        return
    with console.status(rich.text.Text(printable(words))) as status:
        yield lambda at: status.update(rich.text.Text(printable(at)))
