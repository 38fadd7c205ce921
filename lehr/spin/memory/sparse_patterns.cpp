#include "lehr/spin/memory/sparse_patterns.hpp"

#include <cmath>
#include <map>
#include <string>

#include "lehr/core/errors.hpp"

namespace lehr::spin {

SparsePatterns random_sparse_patterns(Index patterns, Index spins, double dilution, Stream random) {
  if (patterns < 1 || spins < 1)
    throw InvalidInput("patterns: at least one pattern of one spin is needed, found {} of {}", patterns,
                       spins);
  if (!(dilution >= 0 && dilution < 1)) throw InvalidInput("dilution: must be in [0, 1), found {}", dilution);
  SparsePatterns made(patterns, spins);
  for (Index mu = 0; mu < patterns; ++mu) do {
      for (Index i = 0; i < spins; ++i) {
        const double u = uniform(random);
        made(mu, i) = static_cast<std::int8_t>(u < dilution ? 0 : u < (1 + dilution) / 2 ? 1 : -1);
      }
    } while ((made.row(mu).array() == 0).all());
  return made;
}

SparsePatterns noisy_examples(const SparsePatterns& patterns, std::int64_t per_pattern, double quality,
                              Stream random) {
  if (per_pattern < 1) throw InvalidInput("examples: must be at least 1 per pattern, found {}", per_pattern);
  if (!(quality > 0 && quality <= 1))
    throw InvalidInput("quality: must be above 0 and at most 1, found {}", quality);
  SparsePatterns examples(patterns.rows() * per_pattern, patterns.cols());
  for (std::int64_t a = 0; a < per_pattern; ++a)
    for (Eigen::Index mu = 0; mu < patterns.rows(); ++mu)
      for (Eigen::Index i = 0; i < patterns.cols(); ++i) {
        const bool kept = uniform(random) < (1 + quality) / 2;
        const std::int8_t sign = patterns(mu, i);
        examples(a * patterns.rows() + mu, i) = static_cast<std::int8_t>(kept ? sign : -sign);
      }
  return examples;
}

SparsePatterns sparse_patterns_of(const Eigen::Ref<const Eigen::MatrixXd>& rows, std::string_view where) {
  if (rows.size() == 0) throw InvalidInput("{}: there are no patterns", where);
  for (Eigen::Index mu = 0; mu < rows.rows(); ++mu) {
    for (Eigen::Index i = 0; i < rows.cols(); ++i)
      if (const double value = rows(mu, i); value != 1 && value != 0 && value != -1)
        throw InvalidInput("{}: row {}, column {}: entries must be -1, 0 or 1, found {}", where, mu + 1,
                           i + 1, value);
    if ((rows.row(mu).array() == 0).all()) throw InvalidInput("{}: row {} is all zero", where, mu + 1);
  }
  return rows.cast<std::int8_t>();
}

Dilution dilution_of(const SparsePatterns& patterns) {
  const double count = static_cast<double>(patterns.size());
  const double share = static_cast<double>((patterns.array() == 0).count()) / count;
  return {share, std::sqrt(share * (1 - share) / count)};
}

std::vector<std::int32_t> group_by_blanks(const SparsePatterns& rows) {
  std::map<std::string, std::int32_t> known;
  std::vector<std::int32_t> groups;
  for (Eigen::Index k = 0; k < rows.rows(); ++k) {
    std::string blanks(static_cast<std::size_t>(rows.cols()), '1');
    for (Eigen::Index i = 0; i < rows.cols(); ++i)
      if (rows(k, i) == 0) blanks[static_cast<std::size_t>(i)] = '0';
    groups.push_back(known.emplace(std::move(blanks), static_cast<std::int32_t>(known.size())).first->second);
  }
  return groups;
}

}  // namespace lehr::spin
