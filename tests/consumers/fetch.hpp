// fetch.h for C++.
#ifndef FETCH_HPP
#define FETCH_HPP

#include <string>

#include "fetch.h"

inline std::string fetch(unsigned port, const std::string &name)
{
	std::string answer(65536, '\0');

	answer.resize(fetch(port, name.c_str(), &answer[0], answer.size()));
	return answer;
}

#endif
