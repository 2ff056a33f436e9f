"""The Modeler's reading of BPMN: names, ids, diagrams."""
