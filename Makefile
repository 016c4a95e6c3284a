# make run: a sample city on this machine.  make demo: the journey.  make test: everything is checked.
SHELL := /bin/bash
.PHONY: run rust demo test build dist tools test-tools check unit clean

# What building and running need from Debian, and what tests need besides.
RUN_PACKAGES := gcc libc6-dev make openssl
TEST_PACKAGES := $(RUN_PACKAGES) libssl-dev pkg-config python3 python3-venv xz-utils \
	chromium libnss3-tools fonts-wqy-microhei postgresql default-jdk-headless gnutls-bin opensc \
	softhsm2 curl ca-certificates certbot lego dehydrated uacme caddy util-linux scep certmonger \
	php-cli php-fpm golang-go nginx-light apache2-bin haproxy systemd libtomcat10-java

run: rust tools build
	@cargo xtask run

demo: build
	@cargo xtask demo

# Before anything is installed or built.
rust:
	@./xtask/rust

# The tests' own libraries need more of Debian than programs do.
build:
	@./xtask/build --workspace --exclude tests

# For people who check evidence: one file without anything it needs.
dist:
	@host=$$(rustc -vV | sed -n 's/^host: //p'); \
	RUSTFLAGS="-C target-feature=+crt-static -C strip=symbols" \
		cargo build --release --quiet -p verify --target "$$host" && \
	mkdir -p dist && cp "target/$$host/release/yinxin-verify" dist/ && ls -l dist/yinxin-verify

tools:
	@./xtask/install $(RUN_PACKAGES)

test-tools:
	@./xtask/install $(TEST_PACKAGES)
	@[ -x .tools/venv/bin/lint_pkix_cert ] || python3 -m venv .tools/venv
	@.tools/venv/bin/python3 -m pip install --quiet --disable-pip-version-check \
		pkilint==0.13.3 cryptography==45.0.3 aiosmtpd==1.4.6 acme-tiny==5.0.3 \
		uvicorn==0.55.0 radicale==3.9.0

	@command -v npm > /dev/null || ./xtask/install nodejs npm
	@[ -d .tools/node/node_modules/axe-core ] || (mkdir -p .tools/node && \
		echo '{ "private": true }' > .tools/node/package.json && \
		npm install --prefix .tools/node --silent --no-audit --no-fund --no-package-lock \
		playwright-core@1.64.1 axe-core@4.14.1)

test: rust test-tools
	@./xtask/test

# Without installing anything: format, lints, unit tests of the crates.
check:
	cargo fmt --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings

unit:
	cargo test --workspace --exclude tests --quiet

clean:
	rm -rf target run .tools
