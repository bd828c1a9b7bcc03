# SPDX-License-Identifier: Apache-2.0
"""What comes out of a run: tables, explanations, files, and what the terminal shows of them."""
