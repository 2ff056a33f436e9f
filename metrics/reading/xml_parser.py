"""The XML parser, with the settings that every document is parsed with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lxml import etree

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def _parser(*, huge_tree: bool = False) -> etree.XMLParser:
    # Nothing counts comments, processing instructions or blank text: skipping them saves a tenth of
    # the time. Without `huge_tree`, libxml2 itself limits what an entity may expand to.
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        collect_ids=False,
        remove_comments=True,
        remove_pis=True,
        remove_blank_text=True,
        huge_tree=huge_tree,
    )


_PARSER: Final = _parser()
_HUGE_PARSER: Final = _parser(huge_tree=True)


def parse_xml(source: bytes | str, *, huge: bool = False) -> Element:
    """The root of a well-formed document.

    `huge` lifts the parser's limits, for a document that is known to declare no entities. Raises
    `XMLSyntaxError`, and `MemoryError` if there is not enough memory.
    """
    try:
        return etree.fromstring(source, _HUGE_PARSER if huge else _PARSER)
    except etree.XMLSyntaxError as error:
        # lxml copies the log of all earlier documents into each error.
        etree.clear_error_log()
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from None
        raise
