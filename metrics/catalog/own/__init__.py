"""Fragments of our own: one module per fragment, imported and computed only on request.

A module is named like its fragment (`form_fields` holds `formFields`), and its `METRIC` has
`rules`.
"""
