# syntax=docker/dockerfile:1
#
# A binary in an image that holds little else but the C library, what GCC's code needs, and CA certificates. For one or
# several architectures:
#
#   docker build -t driftline .
#   docker buildx build --platform linux/amd64,linux/arm64 -t REGISTRY/driftline:0.1.0 --push .
#
# The compiler always runs natively and cross-compiles, so arm64 needs no emulation. The base images are pinned by
# version; to pin what they hold as well, append the digest that the registry answers with:
#
#   docker buildx imagetools inspect rust:1.95.0-slim-bookworm     →  rust:1.95.0-slim-bookworm@sha256:…

# The same version as in rust-toolchain.toml; .ci/run compares the two.
ARG RUST_VERSION=1.95.0

FROM --platform=$BUILDPLATFORM rust:${RUST_VERSION}-slim-bookworm AS build
ARG RUST_VERSION
ARG TARGETARCH
# Otherwise rustup would fetch the components that rust-toolchain.toml asks for, clippy and rustfmt.
ENV RUSTUP_TOOLCHAIN=${RUST_VERSION}
WORKDIR /build

# glibc and not musl: with the allocator of musl a scan takes 1.6 times the processor time (docs/performance.md).
# Debian keeps only the newest version of a package: a pinned one would stop to install.
# hadolint ignore=DL3008
RUN <<'SCRIPT'
set -eu
host=$(dpkg --print-architecture)
arch=${TARGETARCH:-$host}
case $arch in
    amd64) gnu=x86_64-linux-gnu; rust=x86_64-unknown-linux-gnu; package=gcc-x86-64-linux-gnu ;;
    arm64) gnu=aarch64-linux-gnu; rust=aarch64-unknown-linux-gnu; package=gcc-aarch64-linux-gnu ;;
    *) echo "no recipe for architecture $arch" >&2; exit 1 ;;
esac
# The base image has the compiler for its own architecture.
if [ "$arch" != "$host" ]; then
    apt-get update
    apt-get install --yes --no-install-recommends "$package" "libc6-dev-$arch-cross"
    rm -rf /var/lib/apt/lists/*
fi
rustup target add "$rust"
echo "rust=$rust cc=$gnu-gcc" >/target.env
SCRIPT

COPY . .
# The variables come from /target.env.
# hadolint ignore=SC2154
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target,id=driftline-target-${TARGETARCH} \
    . /target.env \
    && TARGET_CC="$cc" cargo build --release --locked --bin driftline \
        --target "$rust" --config "target.$rust.linker=\"$cc\"" \
    && install -D "target/$rust/release/driftline" /out/driftline

# Of the same Debian as the compiler's image, so that the C library is no older than the one that was linked with.
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="driftline" \
      org.opencontainers.image.description="Finds drift between Helm releases and a live Kubernetes cluster, read-only" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /out/driftline /usr/local/bin/driftline
# The C library has one heap: it keeps what was freed in each, and would have one for every thread.
ENV MALLOC_ARENA_MAX=1
# `nonroot` of the base image, as a number so that runAsNonRoot can be checked.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/driftline"]
CMD ["scan", "--in-cluster"]
