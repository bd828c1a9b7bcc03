// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace riskarray {

// Columns of StrategyTerms::rules, the figures of one regime (margin account, cash account).
enum class StrategyRule : std::uint8_t {
    hedge_rate,            // of the strike, for stock hedged by a long option
    hedge_cap_rate,        // of the price, the most that hedged long stock needs; 0: its own rate
    spread_rate,           // of the greatest loss of a spread
    box_rate,              // of the strike difference of a long European box; 1 gives no relief
    is_in_the_money_full,  // the covered option's in-the-money amount stands beside the full rate
    is_straddle_allowed,   // the greater side of a short straddle carries the other
    is_spread_allowed,     //
    is_spread_index,       // only spreads of European options on an index
    is_spread_same_expiry, // only spreads of one expiry
    is_spread_same_style,  // no spreads of American against European options
    is_hedge_allowed,      // long options relieve stock
    is_fund_cover_allowed, // shares of a fund cover options on its index
    is_long_call_relief,   // an American call at or below the price frees the 50 % on short stock
    is_collar_same_expiry, // both options of a collar expire together
    is_put_cover_allowed,  // short stock covers short puts
    count,
};
constexpr std::size_t n_strategy_rules = static_cast<std::size_t>(StrategyRule::count);

// How a strategy is charged.
enum class StrategyCode : std::int8_t {
    long_stock,
    short_stock,
    covered_call,
    covered_put,
    protective_put,     // long stock, long put
    protective_call,    // short stock, long call
    collar,             // long stock, long put, short call
    conversion,         // the same at one strike
    reverse_conversion, // short stock, long call, short put at one strike
    spread,             // balanced options: their greatest loss
    long_box,           // European, at a part of the strike difference
    short_straddle,     // or strangle
    uncovered_call,
    uncovered_put,
    long_option,
    future,
};

// Rows of a group that are netted and margined together; a larger group is margined in parts of so
// many. Sum its rows of each instrument first, or what is long in one part and short in another
// does not cancel.
constexpr std::size_t netted_rows = 4096;

// Groups (account, underlying) as runs of positions. An instrument may stand in several rows.
struct StrategyBook {
    std::span<const std::int64_t> group_offset; // (g + 1,) into the positions
    std::span<const std::int32_t> group_regime; // (g,) row of the regime's figures
    std::span<const std::int32_t> instrument;   // (m,)
    std::span<const double> quantity;           // (m,) signed contracts or shares
};

struct StrategyTerms {
    std::size_t n = 0, n_underlyings = 0;      // instruments, underlyings
    std::span<const std::int8_t> kind;         // (n,) 0 stock, 1 option, 2 future
    std::span<const std::int32_t> underlying;  // (n,)
    std::span<const std::int8_t> right;        // (n,) +1 call, -1 put
    std::span<const double> strike;            // (n,) USD per share
    std::span<const double> time_to_expiry;    // (n,) to the instant of expiry: orders the expiries
    std::span<const std::int8_t> exercise;     // (n,) 1 European, 2 American
    std::span<const double> multiplier;        // (n,) shares per unit held
    std::span<const double> value;             // (n,) USD per unit held
    std::span<const double> uncovered;         // (r, n) USD per unit held, value included
    std::span<const double> loan_value;        // (r, n) USD per long option
    std::span<const double> spot;              // (u,)
    std::span<const std::int32_t> index_group; // (u,) equal for an index and the funds on it
    std::span<const std::int8_t> role;         // (u,) 0 neither, 1 index, 2 fund
    std::span<const double> initial_long;      // (r, u) fraction of market value
    std::span<const double> maintenance_long;  // (r, u)
    std::span<const double> initial_short;     // (r, u) USD per share beside the proceeds
    std::span<const double> maintenance_short; // (r, u)
    std::span<const double> rules;             // (r, n_strategy_rules)
};

// The strategies of a block of groups follow each other, from strategies_per_position times the
// offset of its first group onwards, their legs from legs_per_position times that: few pages are
// touched, and those in order. The counts are the true ones; what does not fit into a block's room
// is counted but not written.
constexpr std::size_t strategies_per_position = 4;
constexpr std::size_t legs_per_position = 6;
constexpr std::size_t groups_per_block = 256; // whatever the threads

struct StrategyResult {
    std::span<double> group_initial;           // (g,)
    std::span<double> group_maintenance;       // (g,)
    std::span<double> group_initial_bound;     // (g,) no allocation needs less
    std::span<double> group_maintenance_bound; // (g,)
    std::span<std::int32_t> strategy_count;    // (g,)
    std::span<std::int32_t> leg_count;         // (g,)
    std::span<std::int8_t> strategy_code;      // (e,) StrategyCode
    std::span<std::int8_t> strategy_basis;     // (e,) 1 counts for initial, 2 maintenance, 3 both
    std::span<double> strategy_initial;        // (e,)
    std::span<double> strategy_maintenance;    // (e,)
    std::span<std::int32_t> strategy_legs;     // (e,) number of legs
    std::span<std::int32_t> leg_instrument;    // (l,)
    std::span<double> leg_quantity;            // (l,) signed
};

// Bytes of workspace that a call on these groups with so many threads needs (0: all processors).
[[nodiscard]] std::size_t strategy_workspace_size(const StrategyBook& book, int threads) noexcept;

// The least requirement of each group over all permitted allocations to strategies, in whole
// contracts. workspace must be aligned to 64 bytes and hold strategy_workspace_size(book, threads).
void strategy_requirement(const StrategyBook& book,
                          const StrategyTerms& terms,
                          int threads,
                          std::span<std::byte> workspace,
                          const StrategyResult& result) noexcept;

} // namespace riskarray
