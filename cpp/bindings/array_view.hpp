// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every translation unit of the extension includes pybind11 through this header alone.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <span>
#include <stdexcept>
#include <string>

namespace riskarray::bindings {

namespace py = pybind11;

template <typename T> using Array = py::array_t<T, py::array::c_style>;

// Elements of an array, or an error when their number is not the one that the kernel will touch.
template <typename T>
std::span<const T> view(const Array<T>& array, std::size_t size, const char* name) {
    if (static_cast<std::size_t>(array.size()) != size) {
        throw std::invalid_argument(std::string(name) + " must have " + std::to_string(size) +
                                    " elements, got " + std::to_string(array.size()));
    }
    return {array.data(), size};
}

template <typename T> std::span<T> writable(Array<T>& array, std::size_t size, const char* name) {
    static_cast<void>(view<T>(array, size, name));
    return {array.mutable_data(), size};
}

template <typename T> std::size_t size_of(const Array<T>& array) {
    return static_cast<std::size_t>(array.size());
}

// CSR offsets: from 0, rising, to the number of elements they cut up.
void check_offsets(std::span<const std::int64_t> offset, std::size_t size, const char* name);

// Indexes: each in [0, size).
void check_indexes(std::span<const std::int32_t> index, std::size_t size, const char* name);

void bind_pricing(py::module_& module);
void bind_portfolio(py::module_& module);
void bind_strategy(py::module_& module);

} // namespace riskarray::bindings
