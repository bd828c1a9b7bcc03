// SPDX-License-Identifier: Apache-2.0
#include "array_view.hpp"
#include "riskarray/build_info.hpp"

namespace riskarray::bindings {
namespace {

py::dict build_info_dict() {
    const BuildInfo info = build_info();
    py::list sets;
    for (const InstructionSet& set : instruction_sets()) {
        py::dict entry;
        entry["name"] = set.name;
        entry["supported"] = set.is_supported;
        sets.append(entry);
    }
    py::dict dict;
    dict["version"] = info.version;
    dict["compiler"] = info.compiler;
    dict["flags"] = info.flags;
    dict["openmp"] = info.has_openmp;
    dict["instruction_sets"] = sets;
    dict["active"] = active_instruction_set();
    return dict;
}

} // namespace

void check_offsets(std::span<const std::int64_t> offset, std::size_t size, const char* name) {
    bool is_valid =
        !offset.empty() && offset.front() == 0 && offset.back() == static_cast<std::int64_t>(size);
    for (std::size_t k = 1; is_valid && k < offset.size(); ++k) {
        is_valid = offset[k] >= offset[k - 1];
    }
    if (!is_valid) {
        throw std::invalid_argument(std::string(name) + " must rise from 0 to " +
                                    std::to_string(size));
    }
}

void check_indexes(std::span<const std::int32_t> index, std::size_t size, const char* name) {
    for (const std::int32_t i : index) {
        if (i < 0 || static_cast<std::size_t>(i) >= size) {
            throw std::invalid_argument(std::string(name) + " must be in [0, " +
                                        std::to_string(size) + "), got " + std::to_string(i));
        }
    }
}

} // namespace riskarray::bindings

PYBIND11_MODULE(_core, module, riskarray::bindings::py::mod_gil_not_used()) {
    module.def("build_info", &riskarray::bindings::build_info_dict);
    riskarray::bindings::bind_pricing(module);
    riskarray::bindings::bind_portfolio(module);
    riskarray::bindings::bind_strategy(module);
}
