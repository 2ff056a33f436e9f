"""From bytes to a parsed document, or an error."""
