// SPDX-License-Identifier: Apache-2.0
//
// Origins: where deliverables come from.
//
// What it is: `Hub`, the read side of the Hugging Face Hub's protocol — names to commits, listings with digests, files by
// ranges — with every answer checked against named limits before anything believes it.
// What it is not: it stores nothing; whoever reads a file's bytes from here gives them to `Store`, which checks them.
// Entry point: `Hub`. A second kind of origin will bring a protocol and a conformance suite.
