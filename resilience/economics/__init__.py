"""The political economy of the requirement: burden, sharing, sanctions, participation, threat, partner tiers."""
