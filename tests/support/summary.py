"""Prints "N passed, M failed, K skipped" for the last run of meson test: python3 summary.py LOG_FOLDER

Before that it prints a line "failed: NAME: ..." for each program that failed, and one for each subtest of it.

Each subtest of a TAP program counts, and a program without subtests counts as one test. A program
that failed otherwise than by a subtest (a crash, a timeout, a short plan) counts as one failure more.
"""
import glob
import json
import os
import re
import sys

SUBTEST = re.compile(r'(not )?ok\b(?:.*#\s*(skip|todo)\b)?', re.IGNORECASE)
PLAN = re.compile(r'^1\.\.\d+', re.MULTILINE)
GOOD = ('OK', 'EXPECTEDFAIL')


def judge_subtest(failed, directive):
    if directive:
        return 'skipped'
    return 'failed' if failed else 'passed'


def judge_subtests(output):
    matches = filter(None, map(SUBTEST.match, output.splitlines())) if PLAN.search(output) else ()
    return [judge_subtest(match[1], match[2]) for match in matches]


def describe_failure(test):
    subtests = [line for line in test.get('stdout', '').splitlines()
                if line.startswith('not ok') and judge_subtests(f'1..1\n{line}') == ['failed']]
    return [f'failed: {test["name"]}: {line}' for line in (test['result'], *subtests)]


def judge(test):
    verdicts = judge_subtests(test.get('stdout', ''))
    if test['result'] == 'SKIP':
        return verdicts or ['skipped']
    if test['result'] in GOOD:
        return verdicts or ['passed']
    return verdicts if 'failed' in verdicts else verdicts + ['failed']


def main(folder):
    verdicts, failures = [], []
    for path in glob.glob(os.path.join(glob.escape(folder), 'testlog*.json')):
        with open(path, encoding='utf-8') as log:
            for line in log:
                test = json.loads(line)
                found = judge(test)
                verdicts += found
                if 'failed' in found:
                    failures += describe_failure(test)
    print('\n'.join(failures), end='\n' if failures else '')
    counts = {word: verdicts.count(word) for word in ('passed', 'failed', 'skipped')}
    print(', '.join(f'{count} {word}' for word, count in counts.items()))
    return 0 if verdicts and not counts['failed'] else 1


sys.exit(main(sys.argv[1]))
