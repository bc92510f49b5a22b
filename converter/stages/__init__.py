"""Distillation in stages that fit a lent accelerator: teachers, their answers, a student."""
