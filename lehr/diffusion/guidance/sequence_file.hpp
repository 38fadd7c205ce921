// Priors over sequences in files.
//
//   model (JSON)   {"length": 6, "alphabet": 4 | "ACGT", "initial": [K], "transition": [[K] x K],       a Markov chain
//                   "emission": [[K] x H]                                                              ... that is hidden (H states)
//                   "probabilities": [K^L]                                                             a table, in place of a chain
//                   "alpha": 0.5, "reward": {"gc_weight": 2, "gc_symbols": [1, 2] | "CG", "motif": [1, 2, 3] | "CGT",
//                   "motif_bonus": 1.5, "motif_cap": 1}}                                                both optional
//   sequences      FASTA (">" starts a record), a sequence a line, or an integer npy [n, L]: a chain is estimated from them
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lehr/core/json.hpp"
#include "lehr/diffusion/guidance/reward.hpp"
#include "lehr/diffusion/guidance/sequence_prior.hpp"

namespace lehr::diffusion {

struct SequenceModel {
  std::shared_ptr<const SequencePrior> prior;
  std::string alphabet;  // spells the symbols
  std::optional<double> temperature;
  std::optional<SequenceScore> score;
  Json exact;  // what the file says about the target, or null

  std::string spell(const Eigen::Ref<const VectorXd>& x) const;
};

// Digits, then letters; throws InvalidInput for more than 62 symbols.
std::string numbered_alphabet(Index symbols);
// The symbols of a text; throws InvalidInput that starts with `where` for a character that the alphabet lacks.
std::vector<int> symbols_of(const std::string& text, const std::string& alphabet, const std::string& where);

// `length` and `alphabet` replace the file's where they are given. Throws InvalidInput, starting with `where`.
SequenceModel sequence_model_from_json(const Json& value, const std::string& where,
                                       std::optional<std::int64_t> length = {},
                                       const std::string& alphabet = "");
SequenceScore score_from_json(const Json& value, const std::string& alphabet, const std::string& where);

// The user's sequences. With an empty alphabet it is the sorted set of the characters found; letters are taken as upper case
// where the alphabet has no lower case.
struct SequenceSet {
  std::vector<std::vector<int>> sequences;
  std::string alphabet;
};
SequenceSet read_sequences(const std::filesystem::path& path, const std::string& alphabet);
// A chain estimated from them; `length` defaults to the median length.
SequenceModel estimated_model(const SequenceSet& set, std::optional<std::int64_t> length,
                              double pseudo_count);

}  // namespace lehr::diffusion
