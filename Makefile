demo test test-mindspore check:
	@sh ferry $@

.PHONY: demo test test-mindspore check
