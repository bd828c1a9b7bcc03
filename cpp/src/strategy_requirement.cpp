// SPDX-License-Identifier: Apache-2.0
#include "riskarray/strategy.hpp"

#include "isa_table.hpp"
#include "parallel.hpp"

#include <algorithm>

namespace riskarray {
namespace {

std::size_t worker_count(int threads) noexcept {
#ifdef _OPENMP
    return static_cast<std::size_t>(threads > 0 ? threads : omp_get_num_procs());
#else
    static_cast<void>(threads);
    return 1;
#endif
}

std::size_t worker() noexcept {
#ifdef _OPENMP
    return static_cast<std::size_t>(omp_get_thread_num());
#else
    return 0;
#endif
}

std::size_t most_positions(const StrategyBook& book) noexcept {
    std::int64_t most = 0;
    for (std::size_t group = 0; group + 1 < book.group_offset.size(); ++group) {
        most = std::max(most, book.group_offset[group + 1] - book.group_offset[group]);
    }
    return static_cast<std::size_t>(most);
}

} // namespace

std::size_t strategy_workspace_size(const StrategyBook& book, int threads) noexcept {
    return worker_count(threads) * active_isa()->strategy_workspace(most_positions(book));
}

void strategy_requirement(const StrategyBook& book,
                          const StrategyTerms& terms,
                          int threads,
                          std::span<std::byte> workspace,
                          const StrategyResult& result) noexcept {
    const IsaTable* isa = active_isa();
    const std::size_t n_groups = book.group_regime.size();
    const std::size_t size = isa->strategy_workspace(most_positions(book));
    for_blocks(n_groups, groups_per_block, threads, [&](std::size_t begin, std::size_t end) {
        isa->strategy_groups(book, terms, begin, end, workspace.data() + worker() * size, result);
    });
}

} // namespace riskarray
