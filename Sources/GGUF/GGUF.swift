// SPDX-License-Identifier: Apache-2.0

/// GGUF: the one-file format of llama.cpp, read without trusting a byte of it.
///
/// `GGUFHeader(parsing:)` is the entry point. It reads the header, the metadata and the table of tensors of any
/// `ByteSource` — a file, a member of an archive, a remote file of which only the first bytes were fetched — and gives
/// where each tensor's bytes lie, checked against the size of the file. Large arrays (a vocabulary) are digested while
/// they pass by and read again only when asked for.
///
/// `GGMLType.numbers(of:into:)` gives the numbers that the blocks of a quantised tensor stand for.
///
/// Not here: what a key means for a model (`Deliverable`), and whether a template is dangerous (`Scanning`). The format as it is
/// read, and the digest of its tensors: `docs/formats/gguf.md`.
public enum GGUF {}
