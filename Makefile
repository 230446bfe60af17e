# em2: `make serve` runs it, `make test` checks all of it.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

scripts := .config/make
# Folders are listed too: their time changes when a file in them goes away.
in = $(shell find $(1) -type d -o -type f 2>/dev/null)

.PHONY: help serve site test lint end2end simulate chaos bench bench-full toolchain format clean

help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

serve: site ## build what changed and serve on http://127.0.0.1:8025 (ARGS="--listen …" goes to the server)
	@$(scripts)/serve.sh $(ARGS)

site: target/site/assets.json ## build what the browser loads into target/site

test: ## everything CI checks: lint, model, server, browser bundle, journeys in a browser
	@$(scripts)/test.sh all

lint: ## formatting, clippy for this machine and for wasm, who may import whom
	@$(scripts)/test.sh lint

end2end: ## the journeys in real browsers (ARGS="-g name" goes to Playwright)
	@$(scripts)/test.sh end2end $(ARGS)

simulate: toolchain ## 20,000 simulated histories of several platforms with everything that goes wrong (SEEDS=n)
	@EM2_SIMULATE_SEEDS=$(or $(SEEDS),20000) cargo test --locked -p em2-model --lib simulator::every_seed -- --nocapture

chaos: ## five minutes of chaos over three servers and 50 conversations (SECONDS=n, SEED=n)
	@EM2_CHAOS_SECONDS=$(or $(SECONDS),300) EM2_CHAOS_CONVERSATIONS=50 $(if $(SEED),EM2_CHAOS_SEED=$(SEED)) $(scripts)/test.sh chaos

bench: site ## the measures of docs/PERFORMANCE.md in ten minutes (ARGS="--only append_durable" goes to the driver)
	@$(scripts)/bench.sh bench $(ARGS)

bench-full: site ## the same over a million messages: hours on a busy machine
	@$(scripts)/bench.sh bench-full --messages 1000000 --long 100000 --behind 100000 --behind-conversations 10000 $(ARGS)

format: toolchain ## let rustfmt have its way
	@cargo fmt --all

clean: ## remove what was built; data/ stays
	rm -rf target end2end/node_modules end2end/test-results .config/npm/node_modules

toolchain:
	@$(scripts)/toolchain.sh

target/browser/frontend_bg.wasm: $(call in,app frontend) Cargo.toml Cargo.lock rust-toolchain.toml $(scripts)/browser.sh .config/npm/package-lock.json | toolchain
	@$(scripts)/npm.sh .config/npm
	@$(scripts)/browser.sh

target/site/assets.json: target/browser/frontend_bg.wasm $(call in,style public) $(scripts)/assets.mjs
	@$(scripts)/npm.sh .config/npm
	@node $(scripts)/assets.mjs
