"""Which files a run reads: the options, the lists of paths, and the settings of the project."""

from __future__ import annotations

import os
from functools import wraps
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, cast

import click

from metrics.archives.bounds import ArchiveBounds
from metrics.archives.names import archive_type, member_path
from metrics.commands.console import (
    file_errors_shown,
    show_message,
    show_warning,
    source_of,
    wrong_value,
)
from metrics.commands.options import max_total
from metrics.configuration.settings import Settings, nearest_settings, read_settings
from metrics.formats.text import on_one_line
from metrics.reading.sources import STANDARD_INPUT, absolute
from metrics.scanning.globs import GlobError, Globs
from metrics.scanning.path_lists import read_path_list
from metrics.scanning.selection import EXTENSIONS, Selection, apply_to_named
from metrics.scanning.unpacking import DiagramStream, StreamType, Unpacker, ignore_warning

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    Command = Callable[..., None]


class ConfigOptions(NamedTuple):
    """The options that name the configuration."""

    config_path: str | None
    no_config: bool


class SelectionOptions(NamedTuple):
    """The options that select files in folders."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]
    force_exclude: bool
    no_ignore: bool


class ListOptions(NamedTuple):
    """The options for a list of paths."""

    files_from: str | None
    is_null_separated: bool


class ArchiveOptions(NamedTuple):
    """The options for archives, and for standard input that holds many diagrams."""

    archives: bool
    stdin_type: StreamType | None
    max_total: int

    def unpacker(
        self,
        selection: Selection,
        max_size: int,
        *,
        stdin_filename: str | None = None,
        is_quiet: bool,
        keeps_stream: bool = False,
    ) -> Unpacker:
        """What reads the archives of a run; shows warnings, unless the run `is_quiet`.

        With `keeps_stream`, up to `max_size` bytes of the diagrams in standard input are kept.
        """
        stream = None
        if self.stdin_type is not None:
            source = source_of(STANDARD_INPUT, stdin_filename)
            content = cast("BinaryIO", source.content)
            # Like an archive that is named.
            inside = selection.for_named_folder(f"{source.file}!")
            stream = DiagramStream(self.stdin_type, source.file, content, inside)
        bounds = ArchiveBounds(max_size=max_size, max_total=self.max_total)
        warn = ignore_warning if is_quiet else show_warning
        bytes_to_keep = max_size if keeps_stream else None
        return Unpacker(bounds, warn=warn, stream=stream, bytes_to_keep=bytes_to_keep)

    def require_standard_input(self, paths: Collection[str]) -> None:
        """Raise `click.UsageError` if standard input has a type, but is not one of the paths."""
        if self.stdin_type is not None and STANDARD_INPUT not in paths:
            raise click.UsageError("--stdin-type needs - (standard input) among the paths.")

    def is_many(self, path: str) -> bool:
        """Whether a path may lead to many diagrams."""
        if path == STANDARD_INPUT:
            return self.stdin_type is not None
        if (inner := member_path(path)) is not None:
            return not inner.member.lower().endswith(EXTENSIONS)
        return archive_type(path) is not None or os.path.isdir(path)

    def may_unpack(self, paths: Iterable[str]) -> bool:
        """Whether a run over some paths may read archives, or many diagrams in standard input."""
        return (
            self.archives
            or self.stdin_type is not None
            or any(archive_type(path) is not None or member_path(path) for path in paths)
        )


class InputOptions(NamedTuple):
    """All options that say which files a run reads, beside its PATHs."""

    listed: ListOptions
    selected: SelectionOptions
    archived: ArchiveOptions
    config: ConfigOptions


class RunInputs(NamedTuple):
    """What a run reads.

    `paths` are the paths to read, and `skipped` those that `--force-exclude` leaves out. `settings`
    are those of the configuration. `files` are the other files that are read: the configuration and
    the list. `is_single` says that the command line names one diagram; a folder, an archive and a
    list count as many diagrams. `unpacks` says that some diagrams may be in archives, or one of
    many in standard input.
    """

    paths: tuple[str, ...]
    selection: Selection
    settings: Settings
    files: tuple[str, ...]
    is_single: bool
    unpacks: bool
    skipped: tuple[str, ...] = ()


CONFIG_OPTIONS: Final = (
    click.option(
        "--config",
        "config_path",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False),
        help="Read the configuration from this file; its patterns are then relative to the current"
        " folder. Default: the nearest metrics.toml or pyproject.toml with [tool.metrics], at or"
        " above the current folder.",
    ),
    click.option("--no-config", is_flag=True, help="Read no configuration."),
)
LIST_OPTIONS: Final = (
    click.option(
        "--files-from",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True),
        help="Also read the paths in FILE, one per line; - is standard input. An empty list reads"
        " nothing.",
    ),
    click.option(
        "-0",
        "--null",
        "is_null_separated",
        is_flag=True,
        help="Paths in the --files-from FILE end with a NUL character, not with a line break.",
    ),
)
SELECTION_OPTIONS: Final = (
    click.option(
        "--include",
        metavar="GLOB",
        multiple=True,
        help="Also read the files in folders that match GLOB, a pattern as in a .gitignore;"
        " repeatable.",
    ),
    click.option(
        "--exclude",
        metavar="GLOB",
        multiple=True,
        help="Skip files and folders that match GLOB; repeatable.",
    ),
    click.option(
        "--force-exclude",
        is_flag=True,
        help="Also skip a PATH that is excluded, ignored or in a hidden folder.",
    ),
    click.option(
        "--no-ignore", is_flag=True, help="Include hidden folders and files matched by .gitignore."
    ),
)
ARCHIVE_OPTIONS: Final = (
    click.option(
        "--archives", is_flag=True, help="Also read the archives in folders, such as .jar and .zip."
    ),
    click.option(
        "--stdin-type",
        type=click.Choice([type.value for type in StreamType]),
        callback=lambda ctx, param, value: None if value is None else StreamType(value),
        help="Read many diagrams from standard input: a zip archive, a tar archive (may be"
        " compressed), or lines of JSON with a name and either content or base64.",
    ),
    max_total,
)


def config_options(command: Command) -> Command:
    """Add the options of `ConfigOptions`, and pass them as `config`."""
    return _with_options(command, CONFIG_OPTIONS, "config", ConfigOptions)


def selection_options(command: Command) -> Command:
    """Add the options of `SelectionOptions`, and pass them as `selected`."""
    return _with_options(command, SELECTION_OPTIONS, "selected", SelectionOptions)


def archive_options(command: Command) -> Command:
    """Add the options of `ArchiveOptions`, and pass them as `archived`."""
    return _with_options(command, ARCHIVE_OPTIONS, "archived", ArchiveOptions)


def list_options(command: Command) -> Command:
    """Add the options of `ListOptions`, and pass them as `listed`."""
    return _with_options(command, LIST_OPTIONS, "listed", ListOptions)


def input_options(command: Command) -> Command:
    """Add the options of `InputOptions`, and pass them as `input_values`."""

    @wraps(command)
    def with_values(*arguments: Any, **options: Any) -> None:
        values = InputOptions(*(options.pop(field) for field in InputOptions._fields))
        command(*arguments, **options, input_values=values)

    return list_options(selection_options(archive_options(config_options(with_values))))


def _with_options(
    command: Command,
    options: Iterable[Callable[[Command], Command]],
    name: str,
    values: type[ConfigOptions | SelectionOptions | ListOptions | ArchiveOptions],
) -> Command:
    """Add options to a command, and pass their values as one argument."""

    @wraps(command)
    def with_values(*arguments: Any, **options: Any) -> None:
        one_by_one = {field: options.pop(field) for field in values._fields}
        command(*arguments, **options, **{name: values(**one_by_one)})

    decorated: Command = with_values
    for option in reversed([*options]):
        decorated = option(decorated)
    return decorated


def settings_of(config: ConfigOptions) -> Settings:
    """The settings of the configuration that applies to a run."""
    if config.no_config:
        if config.config_path is not None:
            raise click.UsageError("--config cannot be used with --no-config.")
        return Settings()
    with file_errors_shown():
        if config.config_path is not None:
            return read_settings(config.config_path)
        return nearest_settings()


def selection_of(
    selected: SelectionOptions, settings: Settings, archived: ArchiveOptions, *, is_quiet: bool
) -> Selection:
    """Which files in folders are diagrams; patterns of options come after those of settings.

    Warnings about ignore files are shown, unless the run `is_quiet`.
    """
    include = settings.include, _globs("--include", selected.include)
    exclude = settings.exclude, _globs("--exclude", selected.exclude)
    return Selection(
        include=tuple(filter(None, include)),
        exclude=tuple(filter(None, exclude)),
        honour_ignores=not selected.no_ignore,
        warn=_WarningPrinter(is_quiet=is_quiet),
        archives=archived.archives,
    )


def run_inputs(
    paths: tuple[str, ...],
    input_values: InputOptions,
    *,
    is_quiet: bool,
    reads_plans: bool = False,
) -> RunInputs:
    """What a run reads: without a path and without a list, the current folder.

    The folder of a plan is an error unless the command `reads_plans`. Prints a note about paths
    that are skipped, unless the run `is_quiet`. Raises `click.UsageError` and
    `click.ClickException`.
    """
    listed, selected, archived, config = input_values
    archived.require_standard_input(paths)
    settings = settings_of(config)
    selection = selection_of(selected, settings, archived, is_quiet=is_quiet)
    all_paths = (*paths, *_paths_in_list(paths, listed))
    if listed.files_from is None:
        all_paths = all_paths or (os.curdir,)
    if not reads_plans:
        _refuse_plans(paths)
    skipped: tuple[str, ...] = ()
    if selected.force_exclude:
        all_paths, skipped = apply_to_named(selection, all_paths)
        if skipped and not is_quiet:
            show_message(_note_of_excluded(skipped))
    files = tuple(filter(None, (settings.path, listed.files_from)))
    is_single = listed.files_from is None and len(paths) == 1 and not archived.is_many(paths[0])
    unpacks = archived.may_unpack(all_paths)
    return RunInputs(all_paths, selection, settings, files, is_single, unpacks, skipped)


def _refuse_plans(paths: Iterable[str]) -> None:
    """Raise `click.UsageError` for the folder of a plan, which holds no diagrams."""
    for path in paths:
        # Most folders have no such file, and need no further module.
        if os.path.isfile(os.path.join(path, "plan.json")):
            from metrics.shards.plan import is_plan_folder

            if is_plan_folder(path):
                name = on_one_line(path)
                reason = "is the folder of a plan: metrics summary and diff read its lines"
                raise click.UsageError(f"{name} {reason}.")


class _WarningPrinter:
    """Shows each warning about an ignore file once, however often the file is read."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_quiet = is_quiet
        self._shown: set[tuple[str, str]] = set()

    def __call__(self, path: str, message: str) -> None:
        identity = absolute(path), message
        if not self._is_quiet and identity not in self._shown:
            self._shown.add(identity)
            show_warning(os.path.normpath(path), message)


def _note_of_excluded(paths: Sequence[str]) -> str:
    if len(paths) == 1:
        return f"metrics: skipped {on_one_line(paths[0])}, which is excluded"
    return f"metrics: skipped {len(paths):,} excluded paths"


def _globs(option: str, patterns: Iterable[str]) -> Globs:
    try:
        return Globs.of(patterns)
    except GlobError as error:
        raise wrong_value(option, error) from None


def _paths_in_list(paths: tuple[str, ...], listed: ListOptions) -> tuple[str, ...]:
    if listed.files_from is None:
        if listed.is_null_separated:
            raise click.UsageError("--null needs --files-from FILE, the list of paths.")
        return ()
    stream = None
    if listed.files_from == STANDARD_INPUT:
        if STANDARD_INPUT in paths:
            raise click.UsageError("Standard input can be only one of PATH and --files-from.")
        content = source_of(STANDARD_INPUT, None).content
        stream = None if isinstance(content, str) else content
    with file_errors_shown():
        return read_path_list(listed.files_from, stream, is_null_separated=listed.is_null_separated)
