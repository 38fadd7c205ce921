// Logs of training runs, as people have them: CSV, JSON lines, and the Hugging Face Trainer's
// trainer_state.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lehr::laws {

// Rows of one run, sorted by step, each step once. `lr` or `loss` is empty when the log has no such column.
struct TrainingLog {
  std::string name;                 // the file's name without folder and extension
  std::vector<std::int64_t> steps;  // optimiser steps, 0-based
  std::vector<double> lr;           // learning rate in force at the step
  std::vector<double> loss;         // nats per token
};

// Which columns (CSV) or keys (JSON) hold the three quantities. An empty name means: the usual names are
// looked for, letter case ignored (step, global_step, iteration, ...; lr, learning_rate, ...; loss,
// train_loss, ...).
struct LogColumns {
  std::string step, lr, loss;
};

// Reads "step=global_step,lr=learning_rate" or the same as separate words; throws InvalidInput.
LogColumns parse_log_columns(const std::vector<std::string>& words);

// Reads one log. `source` is a file, several joined by '+' ("part1.csv+part2.csv"), or a folder whose log
// files (.csv, .tsv, .jsonl, .json) are its parts, in the order of their names. A later part replaces the
// rows of an earlier one from its own first step on, as a run resumed from a checkpoint does. Relative paths
// start at `base`. Throws IoError and InvalidInput that name file and line.
TrainingLog read_training_log(const std::string& source, const LogColumns& columns,
                              const std::filesystem::path& base = {});

// The parsers of one part, by format; `name` starts the messages.
TrainingLog parse_csv_log(std::string_view text, const std::string& name, const LogColumns& columns);
TrainingLog parse_json_lines_log(std::string_view text, const std::string& name, const LogColumns& columns);
TrainingLog parse_trainer_state(std::string_view text, const std::string& name, const LogColumns& columns);

}  // namespace lehr::laws
