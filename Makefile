demo test test-wheel test-mindspore check:
	@sh ferry $@

.PHONY: demo test test-wheel test-mindspore check
