// SPDX-License-Identifier: Apache-2.0
//
// Safetensors: reads, checks, slices, digests and writes the safetensors format.
//
// What it is: `Header` (the format's rules, over bytes from anywhere), `SafetensorsFile` (one file: whole tensors and
// slices, read lazily with `pread`, or mapped where asked), `LoadedTensors` (everything, in one piece of memory),
// `TensorDigests` (what the numbers are, whatever the packaging; `StreamingTensorDigests` while bytes pass by),
// `SafetensorsWriter` (planned, streamed, deterministic, atomic), `HeaderEditor` (metadata, in place), `ShardIndex` (a
// model in several files, cross-checked) and `ShardPlan` (merge, split, reshard).
// What it is not: it runs no model, converts no number, opens no connection, and maps no file into memory unless asked
// (a file that another process cuts would end the program instead of failing a call).
//
// Everything that a file says is untrusted. `Mode.compatible` accepts exactly what the reference implementation (0.8.0)
// accepts; `Mode.strict` also holds a file to what the format's text demands and the reference lets pass. Memory is
// bounded by the header's length and the caller's buffers, never by what a header claims.
// Entry points: `SafetensorsFile(path)`, `Header(parsing:fileSize:mode:)`, `WritePlan`.
