// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "riskarray/series.hpp"
#include "volatility_start.hpp"

// Declares the entry points of one instruction set; dispatch.cpp lists them, src/isa/*.cpp define
// them.
#define RISKARRAY_DECLARE_METHOD(isa, method)                                                      \
    namespace riskarray::isa {                                                                     \
    void method(const OptionSeries& series,                                                        \
                const UnderlyingSpots& market,                                                     \
                std::span<const std::int32_t> rows,                                                \
                std::span<double> value) noexcept;                                                 \
    }

#define RISKARRAY_DECLARE_VOLATILITY(isa, method)                                                  \
    namespace riskarray::isa {                                                                     \
    void method(const OptionSeries& series,                                                        \
                const UnderlyingSpots& market,                                                     \
                std::span<const std::int32_t> rows,                                                \
                std::span<const double> price,                                                     \
                const VolatilityStart& start) noexcept;                                            \
    }

#define RISKARRAY_DECLARE_ISA(isa)                                                                 \
    RISKARRAY_DECLARE_METHOD(isa, american_dividend_call)                                          \
    RISKARRAY_DECLARE_METHOD(isa, american_grid)                                                   \
    RISKARRAY_DECLARE_METHOD(isa, european_value)                                                  \
    RISKARRAY_DECLARE_METHOD(isa, american_boundary)                                               \
    RISKARRAY_DECLARE_VOLATILITY(isa, european_volatility)                                         \
    RISKARRAY_DECLARE_VOLATILITY(isa, american_volatility)

RISKARRAY_DECLARE_ISA(baseline)
RISKARRAY_DECLARE_ISA(v3)
RISKARRAY_DECLARE_ISA(v4)
