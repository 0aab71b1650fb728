"""Campaigns: thousands of virtual pumps, each drawn from distributions of the plant's parameters, through scenarios.

    plan = read_plan(Path("campaign.toml"))
    summary = run(plan, Path("build/campaigns/campaign"), LocalPool(2))

A run is reproducible from the plan and its number alone, so a campaign that was cut off anywhere goes on where it was.
"""

from pumphil.campaign.distributions import CampaignError
from pumphil.campaign.plan import Plan, PlanError
from pumphil.campaign.pump import results_of
from pumphil.campaign.read import read_plan
from pumphil.campaign.run import forget, kept, replay, run
from pumphil.campaign.summary import Summary
from pumphil.campaign.workers import LocalPool, open_pool

__all__ = [
    "CampaignError", "LocalPool", "Plan", "PlanError", "Summary", "forget", "kept", "open_pool", "read_plan", "replay",
    "results_of", "run",
]  # fmt: skip
