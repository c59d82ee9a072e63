"""Facebook over HTTP: the only package that knows Graph error codes, headers and field names.

Every call ends in a value or in one of the `GraphError`s of `socialpub.errors`; nothing here retries.
"""
