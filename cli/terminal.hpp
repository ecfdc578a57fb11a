// What can be done with the stream at the other end.
//
// Models: whether it is a terminal, how wide it is, whether colours are wanted (https://no-color.org). Leaves out: key
// presses. Invariants: no colours and no cursor movements unless a terminal that understands them is there.
#pragma once

#include <cstddef>
#include <string>

namespace raysim {

enum class Stream : int { standard_output = 1, standard_error = 2 };

bool is_terminal(Stream stream);
bool wants_colours(Stream stream);
std::size_t columns_of(Stream stream);

// `text` as an error: "raysim: text" on stderr, in red where that is wanted.
void print_error(const std::string& text);

}  // namespace raysim
