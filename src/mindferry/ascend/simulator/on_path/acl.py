"""What `import acl` finds in a program that `mindferry ascend simulate` starts: the simulator takes this module's place."""

from mindferry.ascend import simulator

if __name__ == "acl":
    simulator.install(announce=True)
