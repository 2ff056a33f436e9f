"""What BPMN means: names, ids, diagrams."""
