"""What fits where and what is left: placement, pools, quotas, moves."""
