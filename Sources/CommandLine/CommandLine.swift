// SPDX-License-Identifier: Apache-2.0
//
// CommandLine: arguments to one operation to one renderer.
//
// What it is: the commands (`Commands/`), what they print (`Rendering/`), the one place that reads the environment
// (`EnvironmentVariable`), the one that writes to a terminal (`Terminal`), and the one table from errors to exit codes
// (`ExitStatus`).
// What it is not: it decides nothing about models.
// Entry point: `Program.main`.
