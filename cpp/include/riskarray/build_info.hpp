// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace riskarray {

struct InstructionSet {
    const char* name;
    bool is_supported; // by this processor
};

struct BuildInfo {
    const char* version;
    const char* compiler;
    const char* flags;
    bool has_openmp;
};

[[nodiscard]] BuildInfo build_info() noexcept;

// The instruction sets of this build, fastest first.
[[nodiscard]] std::span<const InstructionSet> instruction_sets() noexcept;

// The one in use: the fastest supported, or the one that RISKARRAY_ISA names. nullptr when that
// names none of the build or one that the processor lacks; pricing functions then must not be
// called.
[[nodiscard]] const char* active_instruction_set() noexcept;

} // namespace riskarray
