"""The service that one would write from FastStream's tutorial: one message, one transaction, one publish, one commit.

It decides by the same pure function as the claims service, keeps the same state and the same books, and publishes the
same events. It has no scheduler, no outbox and no quarantine, which only makes it faster.
"""
