"""Many scenarios, in several processes, and the scorecard of what was detected."""
