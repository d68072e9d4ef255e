"""Prints "N passed, M failed, K skipped" for the last run of meson test: python3 summary.py LOG_FOLDER

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


def judge(test):
    verdicts = judge_subtests(test.get('stdout', ''))
    if test['result'] == 'SKIP':
        return verdicts or ['skipped']
    if test['result'] in GOOD:
        return verdicts or ['passed']
    return verdicts if 'failed' in verdicts else verdicts + ['failed']


def main(folder):
    verdicts = []
    for path in glob.glob(os.path.join(glob.escape(folder), 'testlog*.json')):
        with open(path, encoding='utf-8') as log:
            for line in log:
                verdicts += judge(json.loads(line))
    counts = {word: verdicts.count(word) for word in ('passed', 'failed', 'skipped')}
    print(', '.join(f'{count} {word}' for word, count in counts.items()))
    return 0 if verdicts and not counts['failed'] else 1


sys.exit(main(sys.argv[1]))
