"""Quotas, queues and gangs."""
