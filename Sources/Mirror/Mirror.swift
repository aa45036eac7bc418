// SPDX-License-Identifier: Apache-2.0
//
// Mirror: a Hub-compatible private copy, the side that reads.
//
// What it is: `MirrorRoot` and `MirrorRepository`, a directory of repositories with real git ids
// (docs/formats/mirror.md); `MirrorHandler`, request in, response out, no socket; `MirrorServer`, the handler behind
// HTTP/1.1.
// What it is not: it does not take uploads, offers no Xet storage (announcing it without one breaks every client), and
// keeps no account of users beyond a list of tokens.
// Entry points: `MirrorRoot.init`, `MirrorServer.start`.
//
// Why plain NIO and no web framework. Two things must not pass through one. Blob bodies leave by sendfile: a
// `FileRegion` goes from the page cache to the socket inside the kernel, where a framework's file responder copies
// every byte through user space at four times the processor time and ten times the memory. And a Hub's URL must be
// split at its slashes *before* it is percent-decoded: in `/org/model/resolve/dev%2Fx/config.json` the revision is
// `dev/x`. Routers decode first. What is left of a framework after that is a pipeline of four handlers, so here it is
// written out.
