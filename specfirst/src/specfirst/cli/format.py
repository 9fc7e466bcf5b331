SUMMARY="x"
EXAMPLES="x"
def configure(parser): pass
