"""The sentences for buyers: a file for each language that a translator edits, and what checks the files.

`python -m waybond_claims.texts` checks them.
"""
