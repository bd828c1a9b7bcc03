// SPDX-License-Identifier: Apache-2.0
#include "isa_methods.hpp"
#include "isa_table.hpp"
#include "riskarray/build_info.hpp"
#include "strategy_methods.hpp"

#include <array>
#include <cstdlib>
#include <cstring>

namespace riskarray {
namespace {

bool is_always_supported() noexcept {
    return true;
}

#if RISKARRAY_X86
bool is_v3_supported() noexcept {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi2");
}

bool is_v4_supported() noexcept {
    return is_v3_supported() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd");
}
#endif

constexpr std::array isa_tables{
#if RISKARRAY_X86
    IsaTable{"v4",
             is_v4_supported,
             v4::european_value,
             v4::american_boundary,
             v4::american_grid,
             v4::american_dividend_call,
             v4::european_volatility,
             v4::american_volatility,
             v4::strategy_groups,
             v4::strategy_workspace},
    IsaTable{"v3",
             is_v3_supported,
             v3::european_value,
             v3::american_boundary,
             v3::american_grid,
             v3::american_dividend_call,
             v3::european_volatility,
             v3::american_volatility,
             v3::strategy_groups,
             v3::strategy_workspace},
#endif
    IsaTable{"baseline",
             is_always_supported,
             baseline::european_value,
             baseline::american_boundary,
             baseline::american_grid,
             baseline::american_dividend_call,
             baseline::european_volatility,
             baseline::american_volatility,
             baseline::strategy_groups,
             baseline::strategy_workspace},
};

const IsaTable* choose_isa() noexcept {
    const char* forced = std::getenv("RISKARRAY_ISA");
    for (const IsaTable& table : isa_tables) {
        const bool is_wanted =
            forced == nullptr || *forced == '\0' || std::strcmp(forced, table.name) == 0;
        if (is_wanted && table.is_supported()) {
            return &table;
        }
    }
    return nullptr;
}

std::array<InstructionSet, isa_tables.size()> list_instruction_sets() noexcept {
    std::array<InstructionSet, isa_tables.size()> sets{};
    for (std::size_t k = 0; k < sets.size(); ++k) {
        sets[k] = {isa_tables[k].name, isa_tables[k].is_supported()};
    }
    return sets;
}

} // namespace

const IsaTable* active_isa() noexcept {
    static const IsaTable* const table = choose_isa();
    return table;
}

std::span<const InstructionSet> instruction_sets() noexcept {
    static const auto sets = list_instruction_sets();
    return sets;
}

const char* active_instruction_set() noexcept {
    const IsaTable* table = active_isa();
    return table == nullptr ? nullptr : table->name;
}

BuildInfo build_info() noexcept {
#ifdef _OPENMP
    constexpr bool has_openmp = true;
#else
    constexpr bool has_openmp = false;
#endif
#ifdef __clang__
    constexpr const char* compiler = "clang " __VERSION__;
#else
    constexpr const char* compiler = "gcc " __VERSION__;
#endif
    return {RISKARRAY_VERSION, compiler, RISKARRAY_FLAGS, has_openmp};
}

} // namespace riskarray
