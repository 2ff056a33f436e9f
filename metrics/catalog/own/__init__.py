"""Fragments of our own: one module a fragment, off unless asked for.

A module is named like its fragment (`form_fields` holds `formFields`), and its `METRIC` has
`rules`. It is imported when its fragment is asked for.
"""
