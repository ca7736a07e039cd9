"""This show: sources, stage, players and their parent, the command line."""
