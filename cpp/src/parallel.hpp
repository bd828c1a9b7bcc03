// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace riskarray {

// Calls work(begin, end) on blocks of [0, size), dealt out to the threads (0: all processors). A
// block writes to its own part of the output only, so that results do not depend on the number of
// threads.
template <typename Work>
void for_blocks(std::size_t size, std::size_t block, int threads, const Work& work) noexcept {
    const auto n_blocks = static_cast<std::int64_t>((size + block - 1) / block);
#ifdef _OPENMP
    const int n_threads = threads > 0 ? threads : omp_get_num_procs();
#pragma omp parallel for schedule(dynamic) num_threads(n_threads) if (n_threads > 1 && n_blocks > 1)
#else
    static_cast<void>(threads);
#endif
    for (std::int64_t k = 0; k < n_blocks; ++k) {
        const std::size_t begin = static_cast<std::size_t>(k) * block;
        work(begin, begin + block < size ? begin + block : size);
    }
}

} // namespace riskarray
