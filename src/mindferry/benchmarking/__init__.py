"""How fast a model runs in which configuration, measured so that a noisy machine cannot lie.

Every configuration runs in a process of its own (`worker`), which is stopped while another one is measured, so that
threads that wait busily take no processor from it. Rounds go through all configurations in rotating order (`rounds`),
and ratios compare what was measured within one round.
"""
