"""What is known of Ascend processors: their names and limits, ACL's codes and conventions, and a simulator."""
